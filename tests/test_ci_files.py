"""What CI systems read: the action, the component, the workflows and the examples of the documentation."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.keys import Keys
from tests.repos import ENVIRONMENT, Repo, called

KEY = Keys("packaging").modern()
TOP = Path(__file__).parent.parent
WORKFLOWS = sorted((TOP / ".github/workflows").glob("*.yml"))
EXAMPLE = re.compile(r"<!-- (?P<schema>vendor\.[a-z-]+) -->\n```yaml\n(?P<text>.*?)```", re.DOTALL)
EXAMPLES = [(found["schema"], found["text"]) for found in EXAMPLE.finditer((TOP / "docs/ci.md").read_text())]
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def valid(schema: str, *files: Path) -> None:
    checker = str(Path(sys.executable).parent / "check-jsonschema")
    # Azure's schema holds expressions that are none in the dialect that the others are written in.
    options = ["--regex-variant", "nonunicode"] if schema == "vendor.azure-pipelines" else []
    outcome = called([checker, "--builtin-schema", schema, *options, *map(str, files)], TOP)
    assert outcome.code == 0, outcome.said


def test_the_action_is_valid() -> None:
    valid("vendor.github-actions", TOP / "action.yml")


def test_the_workflows_are_valid() -> None:
    assert len(WORKFLOWS) == 2
    valid("vendor.github-workflows", *WORKFLOWS)


def test_the_component_is_valid(tmp_path: Path) -> None:
    text = (TOP / "templates/keyguard.yml").read_text()
    spec, job = text.split("\n---\n")
    inputs = yaml.safe_load(spec)["spec"]["inputs"]
    filled = re.sub(r"\$\[\[ inputs\.([a-z-]+) \]\]", lambda found: str(inputs[found[1]]["default"]), job)
    file = tmp_path / "job.yml"
    file.write_text(filled)

    assert "$[[" not in filled
    valid("vendor.gitlab-ci", file)


@pytest.mark.parametrize(("schema", "text"), EXAMPLES, ids=[schema for schema, _ in EXAMPLES])
def test_an_example_of_the_documentation_is_valid(schema: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "example.yml"
    file.write_text(text)

    valid(schema, file)


def test_every_system_has_its_example() -> None:
    assert {schema for schema, _ in EXAMPLES} == {
        f"vendor.{name}"
        for name in (
            "github-workflows", "gitlab-ci", "bitbucket-pipelines", "circle-ci", "azure-pipelines", "buildkite",
            "travis", "drone-ci", "woodpecker-ci",
        )
    }  # fmt: skip


def steps(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = list(document.get("runs", {}).get("steps", []))
    for job in document.get("jobs", {}).values():
        found += job["steps"]
    return found


@pytest.mark.parametrize("file", [TOP / "action.yml", *WORKFLOWS], ids=lambda file: file.name)
def test_nothing_from_outside_stands_in_a_script_and_every_action_is_pinned(file: Path) -> None:
    for step in steps(yaml.safe_load(file.read_text())):
        assert "${{" not in step.get("run", "")
        assert step.get("uses", "./") == "./" or PINNED.fullmatch(step["uses"])


class TestAction:
    """action.sh, with a Python that makes an environment out of the keyguard under test."""

    @pytest.fixture
    def repo(self, tmp_path: Path) -> Repo:
        repo = Repo.made(tmp_path / "repo")
        repo.commit("first", readme="hello\n")
        return repo

    def run(self, repo: Repo, tmp_path: Path, **more: str) -> tuple[int, str, dict[str, str], str]:
        python = tmp_path / "python"
        call = f'exec {shlex.quote(sys.executable)} -P -m keyguard "$@"'
        python.write_text(
            '#!/bin/sh\nmkdir -p "$3/bin"\n'
            "printf '#!/bin/sh\\n' >\"$3/bin/python\"\n"
            f"printf '#!/bin/sh\\n%s\\n' {shlex.quote(call)} >\"$3/bin/keyguard\"\n"
            'chmod +x "$3/bin/python" "$3/bin/keyguard"\n'
        )
        python.chmod(0o755)
        event = tmp_path / "event.json"
        before = repo.git("rev-list", "--max-parents=0", "HEAD")
        event.write_text(json.dumps({"ref": "refs/heads/main", "before": before, "after": repo.head, "forced": False}))
        for name in ("output", "summary"):
            (tmp_path / name).write_text("")
        env = {
            "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": str(event),
            "GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "GITHUB_ACTION_PATH": str(TOP), "RUNNER_TEMP": str(tmp_path), "ACTION_KEYGUARD_PYTHON": str(python),
        } | more  # fmt: skip
        done = called(["bash", str(TOP / "action.sh")], repo.path, ENVIRONMENT | env)
        outputs = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
        assert KEY not in done.said
        return done.code, done.said, outputs, (tmp_path / "summary").read_text()

    def test_a_key_fails_the_job_with_annotation_summary_and_reports(self, repo: Repo, tmp_path: Path) -> None:
        repo.commit(config__py=f'KEY = "{KEY}"\n')

        code, said, outputs, summary = self.run(repo, tmp_path)

        assert code == 1
        assert "::error file=config.py,line=1" in said
        assert "config.py" in summary
        assert json.loads(Path(outputs["sarif-file"]).read_text())["version"] == "2.1.0"
        assert len(json.loads(Path(outputs["json-file"]).read_text())["findings"]) == 1

    def test_a_clean_push_passes(self, repo: Repo, tmp_path: Path) -> None:
        repo.commit(config__py="x = 1\n")

        code, said, outputs, _ = self.run(repo, tmp_path)

        assert code == 0
        assert "push to refs/heads/main (1 commit, 1 blob)" in said
        assert set(outputs) == {"sarif-file", "json-file"}

    def test_a_name_does_not_pass_for_a_command_to_the_runner(self, repo: Repo, tmp_path: Path) -> None:
        repo.write("::set-output name=x::y", f'KEY = "{KEY}"\n')
        repo.git("add", ".")
        repo.commit("hostile")

        code, said, _, _ = self.run(repo, tmp_path)

        stopped = said.partition("::stop-commands::")
        assert code == 1
        assert "\n::set-output" not in stopped[0]
        assert "\n::set-output" in stopped[2]

    @pytest.mark.parametrize("value", ["$(touch pwned)..HEAD", "'; touch pwned; '", "--output=pwned"])
    def test_an_input_is_no_part_of_a_command(self, value: str, repo: Repo, tmp_path: Path) -> None:
        repo.commit()

        code, _, _, _ = self.run(repo, tmp_path, ACTION_KEYGUARD_RANGE=value)

        assert code == 2
        assert not list(tmp_path.rglob("pwned"))

    def test_a_range_and_a_baseline_are_handed_on(self, repo: Repo, tmp_path: Path) -> None:
        repo.commit(config__py=f'KEY = "{KEY}"\n')
        repo.commit(config__py="x = 1\n")

        code, said, _, _ = self.run(
            repo, tmp_path, ACTION_KEYGUARD_RANGE="HEAD~1..HEAD", ACTION_KEYGUARD_MIN_CONFIDENCE="high"
        )

        assert code == 0
        assert "HEAD~1..HEAD (1 commit, 1 blob)" in said
