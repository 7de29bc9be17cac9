"""What a CI system says of the build it runs: which commits came, and what they are to be added to.

A provider is a row of PROVIDERS: the variable that tells it, the setting that makes its clones whole, and a
reader of its environment. Systems without a notion of "before" tell the branch that a build is to be merged
into, or nothing: then the whole history of the head is looked at, never nothing at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from keyguard.errors import RangeError

ZEROS = "0" * 40
"""The base of a branch or tag that is new."""

Environment = Mapping[str, str]
Reader = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Build:
    """What a CI system says, in its own words: nothing is looked up in the repository yet.

    `why` names the event. `head` is None where a ref was deleted. `base` is a commit, or zeros for a new ref;
    where it is None, `target` is the branch to be merged into; where that is None too, nothing is known.
    `branch` is the name of what was pushed, `default` that of the default branch. `rewritable`: a push, which
    may have thrown its base away. `fetch` names the ref that the head is fetched by, `whole` the setting that
    makes the system's clones whole.
    """

    system: str
    why: str
    head: str | None
    base: str | None = None
    target: str | None = None
    branch: str | None = None
    default: str | None = None
    rewritable: bool = False
    fetch: str | None = None
    whole: str | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """A CI system: `sign` is a variable that it alone sets, `whole` its setting for a whole clone."""

    name: str
    sign: str
    whole: str
    read: Callable[[Environment, Reader], Build]


def build(env: Environment, read: Reader) -> Build:
    """What the CI system around us says. `read` gives the text of a file that the environment names.

    Raises RangeError where there is no CI system, or it does not say what it should.
    """
    for provider in PROVIDERS:
        if env.get(provider.sign):
            return replace(provider.read(env, read), system=provider.name, whole=provider.whole)
    raise RangeError(
        "no CI system that keyguard knows runs this: name the commits, as in `keyguard commits origin/main..HEAD`"
    )


def _github(env: Environment, read: Reader) -> Build:
    event = env.get("GITHUB_EVENT_NAME", "")
    payload = _Payload(_document(env, read))
    default = payload.text("repository", "default_branch")
    if event == "push":
        return _github_push(payload, default)
    if event in ("pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"):
        number = payload.get("number") or payload.get("pull_request", "number")
        return Build(
            "", f"{event.replace('_', ' ')} {number}",
            payload.needed("pull_request", "head", "sha"), payload.needed("pull_request", "base", "sha"),
            default=default, fetch=f"refs/pull/{number}/head",
        )  # fmt: skip
    if event == "merge_group":
        head, base = (payload.needed("merge_group", name) for name in ("head_sha", "base_sha"))
        return Build("", f"merge group for {payload.text('merge_group', 'base_ref')}", head, base, default=default)
    return Build("", event or "an event without a name", env.get("GITHUB_SHA") or "HEAD", default=default)


def _github_push(payload: _Payload, default: str | None) -> Build:
    ref, after = payload.needed("ref"), payload.needed("after")
    if _is_zeros(after):
        return Build("", f"deletion of {ref}", None)
    base, branch = payload.needed("before"), _branch_name(ref)
    return Build("", f"push to {ref}", after, base, branch=branch, default=default, rewritable=True)


def _gitlab(env: Environment, _: Reader) -> Build:
    head, default = _needed(env, "CI_COMMIT_SHA"), env.get("CI_DEFAULT_BRANCH")
    event = env.get("CI_PIPELINE_SOURCE", "")
    if env.get("CI_MERGE_REQUEST_IID"):
        why = f"merge request {env['CI_MERGE_REQUEST_IID']}"
        # Of a merged-results pipeline CI_COMMIT_SHA is a merge that GitLab made: it holds the source branch.
        base = env.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")
        target = env.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
        merged = env.get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA")
        return Build("", why, head, merged or base or None, target, default=default)
    if env.get("CI_EXTERNAL_PULL_REQUEST_IID"):
        why = f"pull request {env['CI_EXTERNAL_PULL_REQUEST_IID']}"
        base = env.get("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_SHA")
        target = env.get("CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME")
        return Build("", why, head, base or None, target, default=default)
    if event == "push":
        branch = env.get("CI_COMMIT_BRANCH") or env.get("CI_COMMIT_REF_NAME")
        why = f"push to {branch}"
        if env.get("CI_COMMIT_TAG"):
            branch, why = "", f"tag {env['CI_COMMIT_TAG']}"
        return Build(
            "", why, head, env.get("CI_COMMIT_BEFORE_SHA") or ZEROS, branch=branch, default=default, rewritable=True
        )
    return Build("", event or "a pipeline without a source", head, default=default)


def _bitbucket(env: Environment, _: Reader) -> Build:
    head = _needed(env, "BITBUCKET_COMMIT")
    if env.get("BITBUCKET_PR_ID"):
        base, target = env.get("BITBUCKET_PR_DESTINATION_COMMIT"), env.get("BITBUCKET_PR_DESTINATION_BRANCH")
        return Build("", f"pull request {env['BITBUCKET_PR_ID']}", head, base or None, target)
    if env.get("BITBUCKET_TAG"):
        return Build("", f"tag {env['BITBUCKET_TAG']}", head, ZEROS, branch="")
    # Bitbucket does not tell what a branch was before a push.
    branch = env.get("BITBUCKET_BRANCH")
    return Build("", f"push to {branch}", head, ZEROS, branch=branch, rewritable=True)


def _circleci(env: Environment, _: Reader) -> Build:
    head = _needed(env, "CIRCLE_SHA1")
    # CircleCI tells the base to the configuration alone, which has to hand it on (docs/ci.md).
    base = env.get("KEYGUARD_BASE", "")
    branch = env.get("CIRCLE_BRANCH")
    if env.get("CIRCLE_TAG"):
        return Build("", f"tag {env['CIRCLE_TAG']}", head, ZEROS, branch="")
    return Build(
        "", f"push to {branch}", head, ZEROS if base in ("", "<nil>") else base, branch=branch, rewritable=True
    )  # fmt: skip


def _azure(env: Environment, _: Reader) -> Build:
    if env.get("SYSTEM_PULLREQUEST_TARGETBRANCH"):
        number = env.get("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER") or env.get("SYSTEM_PULLREQUEST_PULLREQUESTID", "")
        head = env.get("SYSTEM_PULLREQUEST_SOURCECOMMITID") or _needed(env, "BUILD_SOURCEVERSION")
        return Build("", f"pull request {number}", head, target=env["SYSTEM_PULLREQUEST_TARGETBRANCH"])
    head, ref = _needed(env, "BUILD_SOURCEVERSION"), env.get("BUILD_SOURCEBRANCH", "")
    if env.get("BUILD_REASON") not in ("IndividualCI", "BatchedCI"):
        return Build("", f"a build by {env.get('BUILD_REASON') or 'an unknown reason'}", head)
    # Azure does not tell what a branch was before a push.
    return Build("", f"push to {ref}", head, ZEROS, branch=_branch_name(ref), rewritable=True)


def _jenkins(env: Environment, _: Reader) -> Build:
    head = env.get("GIT_COMMIT") or "HEAD"
    if env.get("CHANGE_TARGET"):
        return Build("", f"change {env.get('CHANGE_ID', '')}", head, target=env["CHANGE_TARGET"])
    branch = env.get("BRANCH_NAME") or env.get("GIT_BRANCH", "").partition("/")[2] or None
    # Not GIT_PREVIOUS_COMMIT: what a build found that failed has to be found again.
    base = env.get("GIT_PREVIOUS_SUCCESSFUL_COMMIT")
    if base == head:
        base = None
    return Build("", f"push to {branch}", head, base or ZEROS, branch=branch, rewritable=True)


def _buildkite(env: Environment, _: Reader) -> Build:
    head = _needed(env, "BUILDKITE_COMMIT")
    default = env.get("BUILDKITE_PIPELINE_DEFAULT_BRANCH") or None
    if env.get("BUILDKITE_MERGE_QUEUE_BASE_COMMIT"):
        return Build("", "merge queue", head, env["BUILDKITE_MERGE_QUEUE_BASE_COMMIT"], default=default)
    if env.get("BUILDKITE_PULL_REQUEST", "false") != "false":
        why, target = f"pull request {env['BUILDKITE_PULL_REQUEST']}", env.get("BUILDKITE_PULL_REQUEST_BASE_BRANCH")
        return Build("", why, head, target=target or None, default=default)
    if env.get("BUILDKITE_TAG"):
        return Build("", f"tag {env['BUILDKITE_TAG']}", head, ZEROS, branch="", default=default)
    # Buildkite does not tell what a branch was before a push.
    branch = env.get("BUILDKITE_BRANCH")
    return Build("", f"push to {branch}", head, ZEROS, branch=branch, default=default, rewritable=True)


def _travis(env: Environment, _: Reader) -> Build:
    head, branch = _needed(env, "TRAVIS_COMMIT"), env.get("TRAVIS_BRANCH")
    event = env.get("TRAVIS_EVENT_TYPE", "push")
    if event == "pull_request":
        # TRAVIS_COMMIT is a merge that is gone when the pull request moves on; TRAVIS_BRANCH the target.
        head = env.get("TRAVIS_PULL_REQUEST_SHA") or head
        return Build("", f"pull request {env.get('TRAVIS_PULL_REQUEST', '')}", head, target=branch)
    if env.get("TRAVIS_TAG"):
        return Build("", f"tag {env['TRAVIS_TAG']}", head, ZEROS, branch="")
    if event != "push":
        return Build("", f"a build by {event}", head)
    base = env.get("TRAVIS_COMMIT_RANGE", "").partition("...")[0]
    return Build("", f"push to {branch}", head, base or ZEROS, branch=branch, rewritable=True)


def _drone(env: Environment, _: Reader) -> Build:
    head, event = _needed(env, "DRONE_COMMIT_SHA"), env.get("DRONE_BUILD_EVENT", "")
    default = env.get("DRONE_REPO_BRANCH") or None
    if event == "pull_request":
        why = f"pull request {env.get('DRONE_PULL_REQUEST', '')}"
        return Build("", why, head, target=env.get("DRONE_TARGET_BRANCH"), default=default)
    if event == "tag":
        return Build("", f"tag {env.get('DRONE_TAG', '')}", head, ZEROS, branch="", default=default)
    if event != "push":
        return Build("", event or "a build without an event", head, default=default)
    branch, base = env.get("DRONE_BRANCH"), env.get("DRONE_COMMIT_BEFORE")
    return Build("", f"push to {branch}", head, base or ZEROS, branch=branch, default=default, rewritable=True)


def _woodpecker(env: Environment, _: Reader) -> Build:
    head, event = _needed(env, "CI_COMMIT_SHA"), env.get("CI_PIPELINE_EVENT", "")
    default = env.get("CI_REPO_DEFAULT_BRANCH") or None
    if event.startswith("pull_request"):
        target = env.get("CI_COMMIT_TARGET_BRANCH")
        return Build("", f"pull request {env.get('CI_COMMIT_PULL_REQUEST', '')}", head, target=target, default=default)
    if event == "tag":
        return Build("", f"tag {env.get('CI_COMMIT_TAG', '')}", head, ZEROS, branch="", default=default)
    if event != "push":
        return Build("", event or "a pipeline without an event", head, default=default)
    # CI_PREV_COMMIT_SHA is of the last pipeline, whatever branch that was of: no base.
    branch = env.get("CI_COMMIT_BRANCH")
    return Build("", f"push to {branch}", head, ZEROS, branch=branch, default=default, rewritable=True)


PROVIDERS = (
    Provider("GitHub Actions", "GITHUB_ACTIONS", "`fetch-depth: 0` for actions/checkout", _github),
    Provider("GitLab", "GITLAB_CI", '`GIT_DEPTH: "0"` among the variables of the job', _gitlab),
    Provider("Bitbucket", "BITBUCKET_BUILD_NUMBER", "`clone: {depth: full}` in bitbucket-pipelines.yml", _bitbucket),
    Provider("CircleCI", "CIRCLECI", "`method: full` for the `checkout` step", _circleci),
    Provider("Azure Pipelines", "TF_BUILD", "`fetchDepth: 0` for the `checkout` step", _azure),
    Provider("Buildkite", "BUILDKITE", "no `--depth` in BUILDKITE_GIT_CLONE_FLAGS", _buildkite),
    Provider("Travis CI", "TRAVIS", "`git: {depth: false}` in .travis.yml", _travis),
    Provider("Drone", "DRONE", "`clone: {depth: 0}`", _drone),
    Provider("Woodpecker", "CI_PIPELINE_EVENT", "`partial: false` and `depth: 0` for the clone step", _woodpecker),
    # Jenkins last: it sets variables for agents of others.
    Provider("Jenkins", "JENKINS_URL", "a clone without the option `shallow`", _jenkins),
)


def _needed(env: Environment, name: str) -> str:
    if not env.get(name):
        raise RangeError(f"the CI system does not set {name}: name the commits, as in `keyguard commits BASE..HEAD`")
    return env[name]


def _branch_name(ref: str) -> str:
    """A branch's name; empty for what is no branch, so that no branch counts as its own."""
    return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ""


def _is_zeros(text: str) -> bool:
    return not text.strip("0")


def _document(env: Environment, read: Reader) -> Any:
    path = env.get("GITHUB_EVENT_PATH")
    if not path:
        raise RangeError("GITHUB_EVENT_PATH is not set: name the commits, as in `keyguard commits BASE..HEAD`")
    try:
        return json.loads(read(path))
    except (OSError, ValueError, RecursionError) as error:
        raise RangeError(
            f"{path}: the event cannot be read ({type(error).__name__}): name the commits as BASE..HEAD"
        ) from error


class _Payload:
    """An event's payload, read field by field."""

    def __init__(self, document: Any) -> None:
        self._document = document

    def get(self, *names: str) -> Any:
        value = self._document
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def text(self, *names: str) -> str | None:
        value = self.get(*names)
        return value if isinstance(value, str) and value.isprintable() else None

    def needed(self, *names: str) -> str:
        if not (value := self.text(*names)):
            raise RangeError(f"the event says nothing of `{'.'.join(names)}`: name the commits as BASE..HEAD")
        return value
