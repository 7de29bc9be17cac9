"""`keyguard commits` without a range: each event of each CI system, in a repository made to match it.

The payloads have the shape of GitHub's own (`@octokit/webhooks-examples`): the fields that say which commits
came, and around them what could be mistaken for that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from keyguard import ci
from keyguard.errors import RangeError
from tests.keys import Keys
from tests.repos import Outcome, Repo

KEY = Keys("ci").modern()
OLD = Keys("ci").modern("service")
ZEROS = "0" * 40
LOST = "5" * 40


@dataclass(frozen=True)
class World:
    """A server's repository, a clone of all of it, and the commits in them by name.

    main: m0 (with a key of old), m1. feature: m0, f1 (a key), f2 (without it). queue: m1 merged with f2.
    forced: m0, g1 (a key). clean: m0, c1. Tags: v0 on m0; v1 on m1; spoken on m0, with a key in its message.
    """

    origin: Repo
    clone: Repo
    oids: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return "...".join(self.oids.get(part, part) for part in name.split("..."))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    repo = Repo.made(folder / "origin")
    oids = {"m0": repo.commit("m0", old__py=f'OLD = "{OLD}"\n')}
    for name, branch in (("f1", "feature"), ("g1", "forced"), ("c1", "clean")):
        repo.git("switch", "--quiet", "--create", branch, "main")
        oids[name] = repo.commit(name, **{f"{name}__py": "x = 1\n" if name == "c1" else f'KEY = "{KEY}"\n'})
    repo.git("switch", "--quiet", "feature")
    oids["f2"] = repo.commit("f2", f1__py=None)
    repo.git("switch", "--quiet", "main")
    oids["m1"] = repo.commit("m1", main__py="x = 1\n")
    repo.git("switch", "--quiet", "--create", "queue")
    repo.git("merge", "--quiet", "--no-edit", "feature")
    oids["q"] = repo.head
    repo.git("branch", "same", "main")
    repo.git("branch", "rewound", oids["m0"])
    repo.git("tag", "v0", oids["m0"])
    repo.git("tag", "--annotate", "--message", "the first", "v1", oids["m1"])
    repo.git("tag", "--annotate", "--message", f"for {KEY}", "spoken", oids["m0"])
    oids |= {f"tag {name}": repo.git("rev-parse", name) for name in ("v0", "v1", "spoken")}
    repo.git("update-ref", "refs/pull/7/head", oids["f2"])
    repo.git("update-ref", "refs/pull/7/merge", oids["q"])
    repo.git("switch", "--quiet", "main")
    yield World(repo, repo.clone(folder / "clone"), oids)


@dataclass(frozen=True)
class Case:
    """What a CI system sets, and what shall come of it: exit code, why, how many commits."""

    env: dict[str, str]
    code: int
    why: str
    commits: int
    payload: dict[str, Any] | None = None


def outcome_of(case: Case, world: World, tmp_path: Path, repo: Repo | None = None) -> Outcome:
    env = {name: world[value] for name, value in case.env.items()}
    if case.payload is not None:
        text = json.dumps(case.payload)
        for name, oid in world.oids.items():
            text = text.replace(f'"{name}"', f'"{oid}"')
        event = tmp_path / "event.json"
        event.write_text(text)
        env["GITHUB_EVENT_PATH"] = str(event)
    outcome = (repo or world.clone).keyguard("commits", "--format", "json", env=env)
    assert KEY not in outcome.said
    assert OLD not in outcome.said
    return outcome


def pushed(ref: str, before: str, after: str, **more: Any) -> dict[str, Any]:
    return {
        "ref": ref, "before": before, "after": after, "created": before == ZEROS, "deleted": after == ZEROS,
        "forced": False, "base_ref": None, "compare": "https://github.com/octo/repo/compare/a...b", "commits": [],
        "head_commit": None, "repository": {"default_branch": "main", "master_branch": "main"},
        "pusher": {"name": "octo", "email": "octo@example.com"}, "sender": {"login": "octo"},
    } | more  # fmt: skip


def pull_request(base: str, head: str, **more: Any) -> dict[str, Any]:
    return {
        "action": "synchronize", "number": 7, "before": "f1", "after": head,
        "pull_request": {
            "number": 7, "base": {"ref": "main", "sha": base, "repo": {"default_branch": "main"}},
            "head": {"ref": "feature", "sha": head, "repo": {"default_branch": "main"}}, "merge_commit_sha": "q",
        },
        "repository": {"default_branch": "main"}, "sender": {"login": "octo"},
    } | more  # fmt: skip


def github(event: str, code: int, why: str, commits: int, payload: dict[str, Any], sha: str = "m1") -> Case:
    env = {"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_EVENT_NAME": event, "GITHUB_SHA": sha}
    return Case(env, code, why, commits, payload)


MAIN, FEATURE = "refs/heads/main", "refs/heads/feature"
MERGE_GROUP = {
    "action": "checks_requested",
    "merge_group": {
        "head_sha": "q", "head_ref": "refs/heads/gh-readonly-queue/main/pr-7-m1", "base_sha": "m1", "base_ref": MAIN,
        "head_commit": {"id": "f2"},
    },
    "repository": {"default_branch": "main"},
}  # fmt: skip
RELEASE = {"action": "published", "release": {"tag_name": "v1"}, "repository": {"default_branch": "main"}}
DISPATCH = {"inputs": {}, "ref": MAIN, "repository": {"default_branch": "main"}, "workflow": "keyguard.yml"}

GITHUB = {
    "push": github("push", 0, f"push to {MAIN}", 1, pushed(MAIN, "m0", "m1")),
    "push with a key": github("push", 1, f"push to {FEATURE}", 2, pushed(FEATURE, "m0", "f2")),
    "push that removes a key": github("push", 0, f"push to {FEATURE}", 1, pushed(FEATURE, "f1", "f2")),
    "first push": github("push", 1, f"push to {FEATURE}", 2, pushed(FEATURE, ZEROS, "f2")),
    "new branch at an old commit": github(
        "push", 0, "push to refs/heads/same", 0, pushed("refs/heads/same", ZEROS, "m1")
    ),
    "first push of the default branch": github(
        "push", 1, f"push to {MAIN}: the whole history", 2, pushed(MAIN, ZEROS, "m1")
    ),
    "forced push, the old commits gone": github(
        "push", 1, "push to refs/heads/forced", 1, pushed("refs/heads/forced", LOST, "g1", forced=True)
    ),
    "forced push, the old commits there": github(
        "push", 1, "push to refs/heads/forced", 1, pushed("refs/heads/forced", "c1", "g1", forced=True)
    ),
    "forced push back to an older commit": github(
        "push", 0, "push to refs/heads/rewound", 0, pushed("refs/heads/rewound", "m1", "m0", forced=True)
    ),
    "deletion": github("push", 0, f"deletion of {FEATURE}", 0, pushed(FEATURE, "f2", ZEROS)),
    "tag": github("push", 0, "push to refs/tags/v0", 0, pushed("refs/tags/v0", ZEROS, "tag v0")),
    "annotated tag": github("push", 0, "push to refs/tags/v1", 0, pushed("refs/tags/v1", ZEROS, "tag v1")),
    "tag that speaks a key": github(
        "push", 1, "push to refs/tags/spoken", 0, pushed("refs/tags/spoken", ZEROS, "tag spoken")
    ),
    "pull request": github("pull_request", 1, "pull request 7", 2, pull_request("m1", "f2"), sha="q"),
    "clean pull request": github("pull_request", 0, "pull request 7", 1, pull_request("m1", "c1"), sha="q"),
    "pull request, target": github("pull_request_target", 1, "pull request target 7", 2, pull_request("m1", "f2")),
    "review": github(
        "pull_request_review", 1, "pull request review 7", 2, pull_request("m1", "f2", number=None), sha="q"
    ),
    "pull request without commits": github("pull_request", 2, "", 0, pull_request("m1", "m1")),
    "push without commits": github("push", 2, "", 0, pushed(MAIN, "m1", "m1")),
    "merge group": github("merge_group", 1, f"merge group for {MAIN}", 3, MERGE_GROUP, sha="q"),
    "dispatch": github("workflow_dispatch", 1, "workflow_dispatch: the whole history", 2, DISPATCH),
    "schedule": github("schedule", 1, "schedule: the whole history", 2, {"schedule": "0 0 * * *"}),
    "release": github("release", 1, "release: the whole history", 2, RELEASE),
    "an event nobody knows": github("tomorrow", 1, "tomorrow: the whole history", 2, {}),
    "no event at all": github("", 1, "an event without a name: the whole history", 2, {}),
    "push whose payload is empty": github("push", 2, "", 0, {}),
    "push whose ids are numbers": github("push", 2, "", 0, {"ref": 1, "before": 2, "after": 3}),
    "push whose id holds a line end": github("push", 2, "", 0, pushed(MAIN, "a\nb", "m1")),
    "push whose id is an option": github(
        "push", 1, f"push to {MAIN}: the whole history", 2, pushed(MAIN, "--all", "m1")
    ),
    "pull request without a base": github("pull_request", 2, "", 0, {"pull_request": {"head": {"sha": "f2"}}}),
    "merge group without a head": github("merge_group", 2, "", 0, {"merge_group": {"base_sha": "m1"}}),
}


def system(**env: str) -> Callable[..., Case]:
    def case(code: int, why: str, commits: int, **more: str) -> Case:
        return Case({"CI": "true"} | env | more, code, why, commits)

    return case


gitlab = system(GITLAB_CI="true", CI_DEFAULT_BRANCH="main", CI_PIPELINE_SOURCE="push", CI_COMMIT_BEFORE_SHA=ZEROS)
merge_request = system(
    GITLAB_CI="true", CI_DEFAULT_BRANCH="main", CI_PIPELINE_SOURCE="merge_request_event",
    CI_MERGE_REQUEST_IID="7", CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main", CI_COMMIT_BEFORE_SHA=ZEROS,
)  # fmt: skip
bitbucket = system(BITBUCKET_BUILD_NUMBER="1")
circleci = system(CIRCLECI="true")
azure = system(TF_BUILD="True", BUILD_REASON="IndividualCI")
jenkins = system(JENKINS_URL="https://jenkins.example/")
buildkite = system(BUILDKITE="true", BUILDKITE_PULL_REQUEST="false", BUILDKITE_PIPELINE_DEFAULT_BRANCH="main")
travis = system(TRAVIS="true", TRAVIS_EVENT_TYPE="push", TRAVIS_PULL_REQUEST="false")
drone = system(DRONE="true", DRONE_REPO_BRANCH="main", DRONE_BUILD_EVENT="push")
woodpecker = system(CI="woodpecker", CI_REPO_DEFAULT_BRANCH="main")

GITLAB = {
    "branch": gitlab(
        1, "push to feature", 1, CI_COMMIT_SHA="f1", CI_COMMIT_BRANCH="feature", CI_COMMIT_BEFORE_SHA="m0"
    ),
    "first pipeline of a branch": gitlab(1, "push to feature", 2, CI_COMMIT_SHA="f2", CI_COMMIT_BRANCH="feature"),
    "rewritten branch": gitlab(
        1, "push to forced", 1, CI_COMMIT_SHA="g1", CI_COMMIT_BRANCH="forced", CI_COMMIT_BEFORE_SHA=LOST
    ),
    "default branch": gitlab(
        0, "push to main", 1, CI_COMMIT_SHA="m1", CI_COMMIT_BRANCH="main", CI_COMMIT_BEFORE_SHA="m0"
    ),
    "tag": gitlab(0, "tag v1", 0, CI_COMMIT_SHA="m1", CI_COMMIT_TAG="v1", CI_COMMIT_REF_NAME="v1"),
    "merge request": merge_request(1, "merge request 7", 2, CI_COMMIT_SHA="f2", CI_MERGE_REQUEST_DIFF_BASE_SHA="m0"),
    "merged results": merge_request(
        1,
        "merge request 7",
        3,
        CI_COMMIT_SHA="q",
        CI_MERGE_REQUEST_DIFF_BASE_SHA="m0",
        CI_MERGE_REQUEST_TARGET_BRANCH_SHA="m1",
        CI_MERGE_REQUEST_SOURCE_BRANCH_SHA="f2",
    ),
    "merge request without a base": merge_request(1, "merge request 7", 2, CI_COMMIT_SHA="f2"),
    "external pull request": gitlab(
        1,
        "pull request 9",
        2,
        CI_PIPELINE_SOURCE="external_pull_request_event",
        CI_COMMIT_SHA="f2",
        CI_EXTERNAL_PULL_REQUEST_IID="9",
        CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA="m1",
    ),
    "schedule": gitlab(1, "schedule: the whole history", 2, CI_PIPELINE_SOURCE="schedule", CI_COMMIT_SHA="m1"),
    "by hand": gitlab(1, "web: the whole history", 2, CI_PIPELINE_SOURCE="web", CI_COMMIT_SHA="m1"),
    "no head": gitlab(2, "", 0),
}

OTHERS = {
    "bitbucket: branch": bitbucket(1, "push to feature", 2, BITBUCKET_COMMIT="f2", BITBUCKET_BRANCH="feature"),
    "bitbucket: pull request": bitbucket(
        1,
        "pull request 3",
        2,
        BITBUCKET_COMMIT="f2",
        BITBUCKET_PR_ID="3",
        BITBUCKET_BRANCH="feature",
        BITBUCKET_PR_DESTINATION_BRANCH="main",
        BITBUCKET_PR_DESTINATION_COMMIT="m1",
    ),
    "bitbucket: pull request, base lost": bitbucket(
        2,
        "",
        0,
        BITBUCKET_COMMIT="f2",
        BITBUCKET_PR_ID="3",
        BITBUCKET_PR_DESTINATION_BRANCH="main",
        BITBUCKET_PR_DESTINATION_COMMIT="555555555555",
    ),
    "bitbucket: tag": bitbucket(0, "tag v1", 0, BITBUCKET_COMMIT="m1", BITBUCKET_TAG="v1"),
    "bitbucket: default branch": bitbucket(
        1, "push to main: the whole history", 2, BITBUCKET_COMMIT="m1", BITBUCKET_BRANCH="main"
    ),
    "circleci: base handed on": circleci(
        1, "push to feature", 1, CIRCLE_SHA1="f1", CIRCLE_BRANCH="feature", KEYGUARD_BASE="m0"
    ),
    "circleci: base absent": circleci(
        1, "push to feature", 2, CIRCLE_SHA1="f2", CIRCLE_BRANCH="feature", KEYGUARD_BASE="<nil>"
    ),
    "circleci: no base": circleci(1, "push to feature", 2, CIRCLE_SHA1="f2", CIRCLE_BRANCH="feature"),
    "circleci: tag": circleci(0, "tag v1", 0, CIRCLE_SHA1="m1", CIRCLE_TAG="v1"),
    "azure: push": azure(1, "push to refs/heads/feature", 2, BUILD_SOURCEVERSION="f2", BUILD_SOURCEBRANCH=FEATURE),
    "azure: pull request": azure(
        1,
        "pull request 12",
        2,
        BUILD_REASON="PullRequest",
        BUILD_SOURCEVERSION="q",
        BUILD_SOURCEBRANCH="refs/pull/12/merge",
        SYSTEM_PULLREQUEST_SOURCECOMMITID="f2",
        SYSTEM_PULLREQUEST_TARGETBRANCH=MAIN,
        SYSTEM_PULLREQUEST_PULLREQUESTID="12",
    ),
    "azure: pull request to a branch that is not here": azure(
        2,
        "",
        0,
        BUILD_REASON="PullRequest",
        BUILD_SOURCEVERSION="q",
        SYSTEM_PULLREQUEST_TARGETBRANCH="refs/heads/elsewhere",
    ),
    "azure: tag": azure(0, "push to refs/tags/v1", 0, BUILD_SOURCEVERSION="m1", BUILD_SOURCEBRANCH="refs/tags/v1"),
    "azure: schedule": azure(
        1, "a build by Schedule: the whole history", 2, BUILD_REASON="Schedule", BUILD_SOURCEVERSION="m1"
    ),
    "jenkins: push": jenkins(
        1,
        "push to feature",
        2,
        GIT_COMMIT="f2",
        GIT_BRANCH="origin/feature",
        GIT_PREVIOUS_SUCCESSFUL_COMMIT="m0",
        GIT_PREVIOUS_COMMIT="f1",
    ),
    "jenkins: first build": jenkins(1, "push to feature", 2, GIT_COMMIT="f2", BRANCH_NAME="feature"),
    "jenkins: the same again": jenkins(
        1, "push to feature", 2, GIT_COMMIT="f2", BRANCH_NAME="feature", GIT_PREVIOUS_SUCCESSFUL_COMMIT="f2"
    ),
    "jenkins: change": jenkins(
        1, "change 4", 2, GIT_COMMIT="f2", BRANCH_NAME="PR-4", CHANGE_ID="4", CHANGE_TARGET="main"
    ),
    "buildkite: push": buildkite(1, "push to feature", 2, BUILDKITE_COMMIT="f2", BUILDKITE_BRANCH="feature"),
    "buildkite: HEAD": buildkite(
        1, "push to main: the whole history", 2, BUILDKITE_COMMIT="HEAD", BUILDKITE_BRANCH="main"
    ),
    "buildkite: pull request": buildkite(
        1,
        "pull request 5",
        2,
        BUILDKITE_COMMIT="f2",
        BUILDKITE_BRANCH="feature",
        BUILDKITE_PULL_REQUEST="5",
        BUILDKITE_PULL_REQUEST_BASE_BRANCH="main",
    ),
    "buildkite: merge queue": buildkite(
        1, "merge queue", 3, BUILDKITE_COMMIT="q", BUILDKITE_MERGE_QUEUE_BASE_COMMIT="m1"
    ),
    "buildkite: tag": buildkite(0, "tag v1", 0, BUILDKITE_COMMIT="m1", BUILDKITE_TAG="v1", BUILDKITE_BRANCH="v1"),
    "travis: push": travis(
        1, "push to feature", 2, TRAVIS_COMMIT="f2", TRAVIS_BRANCH="feature", TRAVIS_COMMIT_RANGE="m0...f2"
    ),
    "travis: new branch": travis(
        1, "push to feature", 2, TRAVIS_COMMIT="f2", TRAVIS_BRANCH="feature", TRAVIS_COMMIT_RANGE=""
    ),
    "travis: forced push": travis(
        1, "push to forced", 1, TRAVIS_COMMIT="g1", TRAVIS_BRANCH="forced", TRAVIS_COMMIT_RANGE="555555555555...g1"
    ),
    "travis: pull request": travis(
        1,
        "pull request 8",
        2,
        TRAVIS_EVENT_TYPE="pull_request",
        TRAVIS_PULL_REQUEST="8",
        TRAVIS_COMMIT="q",
        TRAVIS_PULL_REQUEST_SHA="f2",
        TRAVIS_BRANCH="main",
        TRAVIS_COMMIT_RANGE="m0...f2",
    ),
    "travis: tag": travis(0, "tag v1", 0, TRAVIS_COMMIT="m1", TRAVIS_TAG="v1", TRAVIS_BRANCH="v1"),
    "travis: cron": travis(1, "a build by cron: the whole history", 2, TRAVIS_EVENT_TYPE="cron", TRAVIS_COMMIT="m1"),
    "drone: push": drone(
        1, "push to feature", 1, DRONE_COMMIT_SHA="f1", DRONE_BRANCH="feature", DRONE_COMMIT_BEFORE="m0"
    ),
    "drone: new branch": drone(
        1, "push to feature", 2, DRONE_COMMIT_SHA="f2", DRONE_BRANCH="feature", DRONE_COMMIT_BEFORE=ZEROS
    ),
    "drone: pull request": drone(
        1,
        "pull request 6",
        2,
        DRONE_BUILD_EVENT="pull_request",
        DRONE_PULL_REQUEST="6",
        DRONE_COMMIT_SHA="f2",
        DRONE_TARGET_BRANCH="main",
        DRONE_COMMIT_BEFORE="m0",
    ),
    "drone: tag": drone(0, "tag v1", 0, DRONE_BUILD_EVENT="tag", DRONE_TAG="v1", DRONE_COMMIT_SHA="m1"),
    "drone: cron": drone(1, "cron: the whole history", 2, DRONE_BUILD_EVENT="cron", DRONE_COMMIT_SHA="m1"),
    "woodpecker: push": woodpecker(
        1,
        "push to feature",
        2,
        CI_PIPELINE_EVENT="push",
        CI_COMMIT_SHA="f2",
        CI_COMMIT_BRANCH="feature",
        CI_PREV_COMMIT_SHA="f1",
    ),
    "woodpecker: pull request": woodpecker(
        1,
        "pull request 2",
        2,
        CI_PIPELINE_EVENT="pull_request",
        CI_COMMIT_SHA="f2",
        CI_COMMIT_TARGET_BRANCH="main",
        CI_COMMIT_PULL_REQUEST="2",
    ),
    "woodpecker: tag": woodpecker(0, "tag v1", 0, CI_PIPELINE_EVENT="tag", CI_COMMIT_SHA="m1", CI_COMMIT_TAG="v1"),
    "woodpecker: by hand": woodpecker(
        1, "manual: the whole history", 2, CI_PIPELINE_EVENT="manual", CI_COMMIT_SHA="m1"
    ),
}

CASES = {f"github: {name}": case for name, case in GITHUB.items()}
CASES |= {f"gitlab: {name}": case for name, case in GITLAB.items()} | OTHERS


@pytest.mark.parametrize("name", CASES)
def test_an_event_has_its_range_and_its_verdict(name: str, world: World, tmp_path: Path) -> None:
    case = CASES[name]

    outcome = outcome_of(case, world, tmp_path)

    assert outcome.code == case.code, outcome.said
    if case.code == 2:
        assert outcome.err.startswith("keyguard: ")
        return
    target = outcome.report["scan"]["target"]
    assert target.startswith(f"{case.why} ({case.commits} commit"), target


class TestClonesThatEndTooEarly:
    """What CI systems check out by default is not enough, and never a pass."""

    def shallow(self, world: World, path: Path, *options: str) -> Repo:
        return world.origin.clone(path, "--depth", "1", *options)

    @pytest.mark.parametrize("name", ["github: push", "github: clean pull request", "gitlab: default branch"])
    def test_a_base_that_was_not_fetched(self, name: str, world: World, tmp_path: Path) -> None:
        outcome = outcome_of(CASES[name], world, tmp_path, self.shallow(world, tmp_path / "clone"))

        assert outcome.code == 2
        assert "is not in this clone, so nothing was examined: `git fetch --unshallow origin" in outcome.err

    def test_the_setting_that_spares_it_is_named(self, world: World, tmp_path: Path) -> None:
        outcome = outcome_of(CASES["github: push"], world, tmp_path, self.shallow(world, tmp_path / "clone"))

        assert "`fetch-depth: 0` for actions/checkout" in outcome.err

    def test_a_history_that_was_not_fetched(self, world: World, tmp_path: Path) -> None:
        clone = self.shallow(world, tmp_path / "clone", "--branch", "clean")
        case = github("schedule", 1, "", 0, {}, sha="c1")

        outcome = outcome_of(case, world, tmp_path, clone)

        # The old key is in the tree of the one commit that is there.
        assert outcome.code == 1
        assert not outcome.report["complete"]

    def test_a_new_branch_whose_start_was_not_fetched(self, world: World, tmp_path: Path) -> None:
        clone = self.shallow(world, tmp_path / "clone", "--branch", "clean")
        case = github("push", 3, "", 1, pushed("refs/heads/clean", ZEROS, "c1"))

        outcome = outcome_of(case, world, tmp_path, clone)

        assert not outcome.report["complete"]
        assert outcome.code != 0

    def test_the_checkout_of_a_pull_requests_target(self, world: World, tmp_path: Path) -> None:
        case = GITHUB["pull request, target"]
        clone = self.shallow(world, tmp_path / "clone")

        refused = outcome_of(case, world, tmp_path, clone)

        assert refused.code == 2
        command = refused.err.split("`")[1]
        assert command == "git fetch --unshallow origin refs/pull/7/head"
        clone.git(*command.split()[1:])
        assert outcome_of(case, world, tmp_path, clone).code == 1

    def test_a_target_branch_that_was_not_fetched(self, world: World, tmp_path: Path) -> None:
        clone = world.origin.clone(tmp_path / "clone", "--single-branch", "--branch", "feature")
        case = CASES["jenkins: change"]

        refused = outcome_of(case, world, tmp_path, clone)

        assert refused.code == 2
        command = refused.err.split("`")[1]
        assert command == "git fetch origin +refs/heads/main:refs/remotes/origin/main"
        clone.git(*command.split()[1:])
        assert outcome_of(case, world, tmp_path, clone).code == 1

    def test_a_lone_branch_is_judged_by_its_whole_history(self, world: World, tmp_path: Path) -> None:
        clone = world.origin.clone(tmp_path / "clone", "--single-branch", "--branch", "clean")
        case = gitlab(1, "push to clean", 2, CI_COMMIT_SHA="c1", CI_COMMIT_BRANCH="clean")

        outcome = outcome_of(case, world, tmp_path, clone)

        assert outcome.code == 1
        assert "2 commits" in outcome.report["scan"]["target"]


def test_an_event_file_that_is_not_there_is_never_a_pass(world: World) -> None:
    env = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": "nowhere.json"}

    assert world.clone.keyguard("commits", env=env).code == 2


def test_an_event_file_that_is_not_named_is_never_a_pass(world: World) -> None:
    assert world.clone.keyguard("commits", env={"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push"}).code == 2


def test_an_event_file_that_cannot_be_parsed_is_never_a_pass(world: World, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text("[" * 200_000)
    env = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": str(event)}

    outcome = world.clone.keyguard("commits", env=env)

    assert outcome.code == 2
    assert "the event cannot be read" in outcome.err


def test_two_branches_of_one_push_do_not_hide_each_other(tmp_path: Path) -> None:
    origin = Repo.made(tmp_path / "origin")
    origin.commit("m0", readme="hello\n")
    origin.git("switch", "--quiet", "--create", "one")
    head = origin.commit("key", new__py=f'KEY = "{KEY}"\n')
    origin.git("branch", "two")
    origin.git("switch", "--quiet", "main")
    clone = origin.clone(tmp_path / "clone")
    env = {"GITLAB_CI": "true", "CI_DEFAULT_BRANCH": "main", "CI_PIPELINE_SOURCE": "push", "CI_COMMIT_SHA": head}

    verdicts = [clone.keyguard("commits", env=env | {"CI_COMMIT_BRANCH": name}).code for name in ("one", "two")]

    assert verdicts == [1, 1]


def test_the_configuration_of_a_push_is_that_of_its_base(world: World, tmp_path: Path) -> None:
    clone = world.origin.clone(tmp_path / "clone")
    clone.git("switch", "--quiet", "--create", "feature2", world["c1"])
    allow = '[[allow]]\npath = "**"\nreason = "all"\n'
    head = clone.commit("both", key__py=f'KEY = "{KEY}"\n', __keyguard__toml=allow)
    case = Case(gitlab(1, "", 1, CI_COMMIT_SHA=head, CI_COMMIT_BRANCH="feature2").env, 1, "", 1)

    assert outcome_of(case, world, tmp_path, clone).code == 1


def test_outside_of_ci_the_commits_have_to_be_named() -> None:
    with pytest.raises(RangeError, match=r"keyguard commits origin/main\.\.HEAD"):
        ci.build({}, lambda path: path)


@pytest.mark.parametrize("provider", ci.PROVIDERS, ids=lambda provider: provider.name)
def test_a_system_that_tells_nothing_is_never_a_pass(provider: ci.Provider, world: World) -> None:
    outcome = world.clone.keyguard("commits", env={provider.sign: "true"})

    assert outcome.code != 0
