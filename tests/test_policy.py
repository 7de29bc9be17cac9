"""What is accepted, and by what: remarks, configured allows, the baseline, the least confidence."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from keyguard.policy import glob
from tests.conftest import Call, Repo
from tests.keys import Keys


@pytest.fixture
def key(keys: Keys) -> str:
    return keys.modern()


@pytest.fixture
def sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path, key: str) -> Path:
    (tmp_path / "docs" / "deep").mkdir(parents=True)
    (tmp_path / "docs" / "deep" / "a.md").write_text(f"key: {key}\n")
    return tmp_path


def allow(folder: Path, text: str) -> None:
    (folder / ".keyguard.toml").write_text(f"[[allow]]\n{text}\n")


@pytest.mark.parametrize("length", [12, 16, 40, 64])
def test_a_fingerprint_allows_a_key_wherever_it_stands(folder: Path, scan: Call, sha256: str, length: int) -> None:
    (folder / "b").write_bytes((folder / "docs" / "deep" / "a.md").read_bytes())
    allow(folder, f'fingerprint = "{sha256[:length]}"\nreason = "an example"')

    assert (scan(cwd=folder).code, scan(cwd=folder).findings) == (0, [])


def test_another_keys_fingerprint_allows_nothing(folder: Path, scan: Call, sha256: str) -> None:
    allow(folder, f'fingerprint = "{sha256[::-1]}"\nreason = "an example"')

    assert scan(cwd=folder).code == 1


def test_what_was_allowed_is_said(folder: Path, keyguard: Call, sha256: str) -> None:
    allow(folder, f'fingerprint = "{sha256}"\nreason = "an example"')
    ran = keyguard("scan", "--verbose", cwd=folder)

    assert "by an allow: an example" in ran.out
    assert "1 allowed" in ran.out


@pytest.mark.parametrize(
    "path", ["docs/**", "docs/deep/*", "**/*.md", "*.md", "a.md", "/docs/**", "docs/*/a.md", "docs/"]
)
def test_a_glob_allows_a_path(folder: Path, scan: Call, path: str) -> None:
    allow(folder, f'path = "{path}"\nreason = "examples"')

    assert scan(cwd=folder).code == 0


@pytest.mark.parametrize("path", ["docs/*", "deep/**", "*.txt", "doc", "docs/a.md", "?.md.bak"])
def test_a_glob_for_other_paths_allows_nothing(folder: Path, scan: Call, path: str) -> None:
    allow(folder, f'path = "{path}"\nreason = "examples"')

    assert scan(cwd=folder).code == 1


@pytest.mark.parametrize("given", [".", "docs", "./docs", "docs/deep/a.md", "docs/../docs/deep", "{}", "{}/docs"])
def test_a_path_is_allowed_however_it_is_named(folder: Path, scan: Call, given: str) -> None:
    allow(folder, 'path = "docs/**"\nreason = "examples"')

    assert scan(given.format(folder), cwd=folder).code == 0


def test_a_path_is_allowed_from_a_subfolder_too(folder: Path, scan: Call) -> None:
    allow(folder, 'path = "docs/**"\nreason = "examples"')

    assert scan(cwd=folder / "docs").code == 0


def test_an_allowed_path_does_not_allow_the_key_elsewhere(folder: Path, scan: Call, key: str) -> None:
    (folder / "b").write_text(key)
    allow(folder, 'path = "docs/**"\nreason = "examples"')

    assert scan(cwd=folder).paths == ["b"]


def test_a_staged_path_is_allowed(started: Repo, keyguard: Call, key: str) -> None:
    started.stage("docs/a", key)
    allow(started.path, 'path = "docs/**"\nreason = "examples"')

    assert keyguard("staged", cwd=started.path).code == 0


@pytest.mark.parametrize(("days", "code"), [(-1, 1), (0, 0), (1, 0)])
def test_an_allow_holds_up_to_the_day_of_its_expiry(
    folder: Path, keyguard: Call, sha256: str, days: int, code: int
) -> None:
    day = date.today() + timedelta(days)
    allow(folder, f'fingerprint = "{sha256}"\nreason = "until it is rotated"\nexpires = {day}')
    ran = keyguard("scan", cwd=folder)

    assert (ran.code, "has expired" in ran.out) == (code, bool(code))


def test_a_remark_allows_a_key_on_its_line_alone(tmp_path: Path, scan: Call, key: str) -> None:
    (tmp_path / "a").write_text(f"{key}  # keyguard: allow\n{key}\n")

    assert scan(cwd=tmp_path).places == [("a", 2, 1)]


@pytest.mark.parametrize(("level", "count"), [("low", 2), ("medium", 1), ("high", 1)])
def test_the_least_confidence_decides_what_is_spoken_of(
    tmp_path: Path, scan: Call, keys: Keys, level: str, count: int
) -> None:
    (tmp_path / "a").write_text(keys.modern() + "\n" + keys.in_context("openai-2020")[1])

    assert len(scan("--min-confidence", level, cwd=tmp_path).findings) == count
    (tmp_path / ".keyguard.toml").write_text(f'min-confidence = "{level}"\n')
    assert len(scan(cwd=tmp_path).findings) == count


# The baseline.


def test_what_a_baseline_accepts_is_not_reported(folder: Path, keyguard: Call, scan: Call) -> None:
    keyguard("baseline", "--reason", "rotated in May", cwd=folder)

    assert scan("--baseline", ".keyguard-baseline.json", cwd=folder).code == 0


def test_a_baseline_that_the_configuration_names_counts(folder: Path, keyguard: Call, scan: Call) -> None:
    (folder / ".keyguard.toml").write_text('baseline = "known.json"\n')
    keyguard("baseline", "--reason", "old", cwd=folder)

    assert ((folder / "known.json").exists(), scan(cwd=folder).code) == (True, 0)


def test_a_baseline_that_nobody_names_does_not_count(folder: Path, keyguard: Call, scan: Call) -> None:
    keyguard("baseline", "--reason", "old", cwd=folder)

    assert scan(cwd=folder).code == 1


def test_a_later_key_is_reported_as_ever(folder: Path, keyguard: Call, scan: Call, keys: Keys) -> None:
    keyguard("baseline", "--reason", "old", cwd=folder)
    (folder / "new").write_text(keys.modern("admin"))

    assert scan("--baseline", ".keyguard-baseline.json", cwd=folder).paths == ["new"]


def test_a_baseline_is_added_to_and_stays_the_same_if_nothing_is_new(folder: Path, keyguard: Call, keys: Keys) -> None:
    path = folder / ".keyguard-baseline.json"
    keyguard("baseline", "--reason", "first", cwd=folder)
    first = path.read_text()
    keyguard("baseline", "--reason", "second", cwd=folder)
    again = path.read_text()
    (folder / "new").write_text(keys.modern("admin"))
    keyguard("baseline", "--reason", "third", cwd=folder)
    accepted = json.loads(path.read_text())["accepted"]

    assert again == first
    assert sorted(entry["reason"] for entry in accepted) == ["first", "third"]
    assert [entry["sha256"] for entry in accepted] == sorted(entry["sha256"] for entry in accepted)


def test_a_baseline_is_made_from_a_report(folder: Path, keyguard: Call, scan: Call) -> None:
    keyguard("scan", "--format", "json", "--output", "report.json", cwd=folder)
    keyguard("baseline", "--reason", "old", "--from", "report.json", cwd=folder)

    assert scan("--baseline", ".keyguard-baseline.json", cwd=folder).code == 0


def test_what_could_not_be_read_is_no_ground_for_a_baseline(tmp_path: Path, keyguard: Call) -> None:
    ran = keyguard("baseline", "--reason", "x", "/proc/self/mem", cwd=tmp_path)

    assert (ran.code, "nothing was accepted" in ran.err, list(tmp_path.iterdir())) == (2, True, [])


def test_a_reason_with_a_key_is_kept_without_it(folder: Path, keyguard: Call, keys: Keys) -> None:
    key = keys.modern(number=77)

    assert keyguard("baseline", "--reason", f"it was {key}, see --key={key}", cwd=folder).code == 0

    text = (folder / ".keyguard-baseline.json").read_text()
    assert key not in text
    assert "it was sk-proj-" in text


def test_a_baseline_needs_a_reason(folder: Path, keyguard: Call) -> None:
    assert (keyguard("baseline", cwd=folder).code, keyguard("baseline", "--reason", " ", cwd=folder).code) == (2, 2)


# What cannot be used is refused in one line that names file and reason.


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = ", "is no valid TOML"),
        ("colour = 1", "`colour` is no setting"),
        ("quiet = 1", "`quiet` must be true or false"),
        ('min-confidence = "sure"', "`min-confidence` must be one of low, medium, high"),
        ('format = "xls"', "`format` must be one of"),
        ("format = 1", "`format` must be a text"),
        ("jobs = 0", "`jobs` must be 1 or more"),
        ("jobs = true", "`jobs` must be a whole number"),
        ('patterns = "own.toml"', "`patterns` must be a list of texts"),
        ("patterns = [1]", "`patterns` must be a list of texts"),
        ('patterns = ["none.toml"]', "none.toml: cannot be read: No such file or directory"),
        ("baseline = 1", "`baseline` must be a text"),
        ('baseline = "none.json"', "none.json: cannot be read: No such file or directory"),
        ("allow = 1", "`allow` must be a list of tables"),
        ("[[allow]]", "each [[allow]] needs a `reason`"),
        ('[[allow]]\nreason = " "\npath = "a"', "each [[allow]] needs a `reason`"),
        ('[[allow]]\nreason = "x"', "needs either a `fingerprint` or a `path`"),
        (
            '[[allow]]\nreason = "x"\npath = "a"\nfingerprint = "0123456789ab"',
            "needs either a `fingerprint` or a `path`",
        ),
        ('[[allow]]\nreason = "x"\nfingerprint = "0123"', "12 to 64 hexadecimal digits"),
        ('[[allow]]\nreason = "x"\nfingerprint = "0123456789AB"', "12 to 64 hexadecimal digits"),
        ('[[allow]]\nreason = "x"\npath = ""', "must be a glob"),
        ('[[allow]]\nreason = "x"\npath = "a"\nexpires = "2027-01-31"', "must be a day"),
        ('[[allow]]\nreason = "x"\npath = "a"\nexpires = 2027-01-31T00:00:00', "must be a day"),
        ('[[allow]]\nreason = "x"\npath = "a"\nuntil = 1', "`until` is no field"),
    ],
)
@pytest.mark.parametrize("name", [".keyguard.toml", "pyproject.toml", "named.toml"])
def test_a_bad_configuration_is_refused(tmp_path: Path, keyguard: Call, text: str, reason: str, name: str) -> None:
    if name == "pyproject.toml":
        text = "[tool.keyguard]\n" + text.replace("[[allow]]", "[[tool.keyguard.allow]]")
    (tmp_path / name).write_text(text)
    ran = keyguard("scan", *(["--config", name] if name == "named.toml" else []), cwd=tmp_path)

    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert reason in ran.err


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a = '\xe9'"])
def test_a_configuration_that_is_no_utf_8_is_refused(tmp_path: Path, keyguard: Call, content: bytes) -> None:
    (tmp_path / ".keyguard.toml").write_bytes(content)
    ran = keyguard("scan", cwd=tmp_path)

    assert (ran.code, ran.err.rstrip().endswith(".keyguard.toml: is not UTF-8")) == (2, True)


@pytest.mark.parametrize("text", ["tool = 1\n# [tool.keyguard", "[tool]\nkeyguard = 1\n# [tool.keyguard"])
def test_an_odd_project_file_is_refused(tmp_path: Path, keyguard: Call, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    ran = keyguard("scan", cwd=tmp_path)

    assert (ran.code, "internal error" in ran.err) == (2, False)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no valid JSON"),
        (b"{", "is no valid JSON"),
        (b"\xff\xff", "is no valid JSON"),
        (b"[" * 100_000, "is no valid JSON"),
        (b"[]", "is no baseline of keyguard's"),
        (b'{"schema": "x"}', "is no baseline of keyguard's"),
        (b'{"schema": "keyguard.baseline/1"}', "`accepted` must be a list"),
        (b'{"schema": "keyguard.baseline/1", "accepted": [1]}', "entry 1 must be an object"),
        (b'{"schema": "keyguard.baseline/1", "accepted": [{"sha256": "ab"}]}', "must be 64 hexadecimal digits"),
        (b'{"schema": "keyguard.baseline/1", "accepted": [{"sha256": "%s"}]}' % (b"a" * 64), "`reason` is missing"),
    ],
)
def test_a_bad_baseline_is_refused(tmp_path: Path, keyguard: Call, content: bytes, reason: str) -> None:
    (tmp_path / "b.json").write_bytes(content)
    ran = keyguard("scan", "--baseline", "b.json", cwd=tmp_path)

    assert (ran.code, ran.err.count("\n"), ran.err.startswith("keyguard: b.json: ")) == (2, 1, True)
    assert reason in ran.err


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"schema": "keyguard.report/1"}', b"\xff"])
def test_a_bad_report_is_refused(tmp_path: Path, keyguard: Call, content: bytes) -> None:
    (tmp_path / "r.json").write_bytes(content)
    ran = keyguard("baseline", "--reason", "x", "--from", "r.json", cwd=tmp_path)

    assert (ran.code, ran.err) == (2, "keyguard: r.json: is no JSON report of keyguard's\n")


@pytest.mark.parametrize("expression", ["(", "[a", "(?P<a>x)(?P<a>y", "a{99999999999}", "(?<=a+)b"])
def test_a_pattern_whose_expression_is_none_is_refused(tmp_path: Path, keyguard: Call, expression: str) -> None:
    (tmp_path / "own.toml").write_text(
        f"[[pattern]]\nid = 'mine'\ntitle = 'x'\nprovider = 'x'\nkind = 'x'\nanchors = ['mykey_']\nafter = 9\n"
        f"regex = '{expression}'\nconfidence = 'low'\nfakes = 'none'\nexamples = ['mykey_1']\ncounterexamples = ['x']\n"
        "remedy = 'x'\nsource = 'x'\n"
    )
    ran = keyguard("scan", "--patterns", "own.toml", cwd=tmp_path)

    assert (ran.code, ran.err.count("\n"), ran.err.startswith("keyguard: own.toml: pattern mine: ")) == (2, 1, True)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*", "a/b", True),
        ("a/*", "a/b", True),
        ("a/*", "a/b/c", False),
        ("a/**", "a/b/c", True),
        ("**/c", "a/b/c", True),
        ("**/c", "c", True),
        ("a?c", "x/abc", True),
        ("a?c", "a/c", False),
        ("a.c", "abc", False),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/b/b/c", True),
        ("[a]", "a", False),
        ("[a]", "[a]", True),
        ("a\nb", "a\nb", True),
        ("docs/", "docs/a/b", True),
    ],
)
def test_globs(pattern: str, path: str, matches: bool) -> None:
    assert bool(glob(pattern).fullmatch(path)) == matches
