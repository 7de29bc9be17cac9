"""What each format owes to its reader beyond its schema."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import json
import shutil
import subprocess
from dataclasses import replace
from typing import Any

import pytest

from keyguard.model import Location, Repository
from keyguard.report import forge, github, markdown, sarif, wording
from keyguard.report.places import place
from tests.report import results
from tests.report.written import written


def _run(result: Any) -> Any:
    return json.loads(written("sarif", result))["runs"][0]


def test_sarif_keeps_the_worst_of_more_results_than_github_takes() -> None:
    result = results.many(6_000)

    run = _run(result)

    kept = [entry["partialFingerprints"]["keySha256/v1"] for entry in run["results"]]
    assert kept == [finding.secret.fingerprint for finding in result.findings[: sarif.MOST_RESULTS]]
    told = run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]
    assert told == "1,000 further keys are left out: the worst 5,000 are here"


def test_sarif_stays_below_what_github_takes_in_one_file() -> None:
    oid = [hashlib.sha256(str(number).encode()).hexdigest()[:40] for number in range(60_000)]
    findings = tuple(
        replace(finding, locations=tuple(Location("blob", f"{o}.py", 1, 1, o, o) for o in oid[n * 11 : n * 11 + 11]))
        for n, finding in enumerate(results.many(5_000).findings)
    )

    log = written("sarif", replace(results.none(), findings=findings))

    assert len(gzip.compress(log.encode(), 6)) < 10_000_000


def test_sarif_lists_no_more_locations_than_github_keeps() -> None:
    places = tuple(Location("blob", "a.py", line + 1, 1) for line in range(300))
    finding = replace(results.one().findings[0], locations=places)

    entry = _run(replace(results.none(), findings=(finding,)))["results"][0]

    assert len(entry["locations"]) + len(entry["relatedLocations"]) == sarif.MOST_PLACES
    assert "It stands in 299 further places." in entry["message"]["text"]


def test_an_alert_goes_with_its_key_wherever_the_key_goes() -> None:
    before = results.one()
    moved = replace(before.findings[0], locations=(Location("worktree", "elsewhere.py", 99, 1),))

    after = replace(before, findings=(moved,))

    assert _run(before)["results"][0]["partialFingerprints"] == _run(after)["results"][0]["partialFingerprints"]


def test_a_sarif_region_ends_behind_the_key() -> None:
    region = _run(results.one())["results"][0]["locations"][0]["physicalLocation"]["region"]

    assert region == {"startLine": 12, "startColumn": 18, "endLine": 12, "endColumn": 18 + 164}


def test_a_sarif_uri_is_the_bytes_of_the_path() -> None:
    entry = place(Location("blob", "a b/#é\udcff%.py", 1, 1), results.none())

    assert entry.uri == "a%20b/%23%C3%A9%FF%25.py"


def test_sarif_says_that_not_everything_was_seen() -> None:
    invocation = _run(results.every())["invocations"][0]

    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["level"] == "warning"


def test_kinds_of_scan_do_not_replace_each_others_alerts() -> None:
    assert _run(results.every())["automationDetails"]["id"] == "keyguard/history/"


def test_a_gitlab_vulnerability_is_the_same_in_the_next_report() -> None:
    first, second = (json.loads(written("gitlab", results.every()))["vulnerabilities"] for _ in range(2))

    assert [entry["id"] for entry in first] == [entry["id"] for entry in second]
    assert len({entry["id"] for entry in first}) == 3


def test_a_gitlab_report_of_an_incomplete_scan_is_a_failure() -> None:
    scan = json.loads(written("gitlab", results.every()))["scan"]

    assert (scan["status"], scan["messages"][0]["level"]) == ("failure", "warn")


def test_fingerprints_in_the_code_quality_report_are_unique() -> None:
    entries = json.loads(written("codequality", results.many(500)))

    assert len({entry["fingerprint"] for entry in entries}) == len(entries)


def test_a_clean_code_quality_report_is_an_empty_list() -> None:
    assert written("codequality", results.none()) == "[]\n"


def test_github_is_given_no_more_annotations_than_it_shows() -> None:
    lines = written("github", results.many(500, unread=results.every().unread)).splitlines()

    counts = [sum(line.startswith(f"::{word} ") for line in lines) for word in ("error", "warning", "notice")]
    assert counts == [github.SHOWN, github.SHOWN, github.SHOWN]


def test_nothing_of_the_repository_becomes_a_command_of_github() -> None:
    """A command is a line that begins with `::`, and each of ours is one line with known properties."""
    commands = [line for line in written("github", results.hostile()).split("\n") if line.startswith("::")]

    properties = {command.split("::")[1].partition(" ")[0] for command in commands}
    assert properties == {"error", "warning", "notice"}
    assert [command for command in commands if "\r" in command or command.count("::error") > 1] == []


@pytest.mark.parametrize("size", [1 << 20, 20_000, 300])
def test_a_summary_is_no_longer_than_there_is_room(size: int) -> None:
    out = io.StringIO()

    markdown.write(results.many(2_000), out, most_bytes=size)

    assert len(out.getvalue().encode()) <= size
    assert "did not fit here" in out.getvalue()


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("plain", "`plain`"),
        ("a`b", "``a`b``"),
        ("`x` ``y``", "``` `x` ``y`` ```"),
        ("a|b", "`a|b`"),
        ("a\nb", "`a\\nb`"),
        ("", "`  `"),
    ],
)
def test_a_code_span_holds_any_text(text: str, span: str) -> None:
    assert markdown.code(text) == span


def test_a_pipe_does_not_end_a_cell() -> None:
    assert markdown.code("a|b", table=True) == "`a\\|b`"


def test_no_cell_is_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(written("csv", results.hostile()))))

    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_junit_tests_have_names_of_their_own() -> None:
    from lxml import etree

    document = etree.fromstring(written("junit", results.many(300)).encode())

    names = [(case.get("classname"), case.get("name")) for case in document.iter("testcase")]
    assert len(set(names)) == 300


def test_a_clean_scan_is_a_test_that_passed() -> None:
    report = written("junit", results.none())

    assert 'tests="1" failures="0" errors="0"' in report
    assert "<failure" not in report


def test_the_closing_line_is_true() -> None:
    assert wording.closing(results.every()) == (
        "3 keys in 6 places; 1,234 objects, 5.7 MB examined; 1 allowed; "
        "3 things could not be read, so this is not the whole."
    )


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("https://github.com/o/r", "https://github.com/o/r/blob/c0ffee/a%20b.py#L3"),
        ("https://gitlab.example.org/o/r", "https://gitlab.example.org/o/r/-/blob/c0ffee/a%20b.py#L3"),
        ("https://bitbucket.org/o/r", "https://bitbucket.org/o/r/src/c0ffee/a%20b.py#lines-3"),
        ("https://codeberg.org/o/r", "https://codeberg.org/o/r/src/commit/c0ffee/a%20b.py#L3"),
        ("https://git.example.org/o/r", None),
        (None, None),
    ],
)
def test_a_line_of_a_file_has_a_page_at_the_forge(remote: str | None, page: str | None) -> None:
    assert forge.file_link(remote, "c0ffee", "a b.py", 3) == page


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("settings.py", "sub/settings.py"),
        ("../other.py", "other.py"),
        ("./x/../y.py", "sub/y.py"),
        ("/top/z.py", "z.py"),
        ("/elsewhere/z.py", "/elsewhere/z.py"),
    ],
)
def test_a_path_on_disk_is_told_from_the_top(path: str, told: str) -> None:
    result = results.none(repository=Repository(top="/top", prefix="sub/"))

    assert place(Location("worktree", path, 1, 1), result).path == told


NAMES = [
    *("plain.env", "sp ace\t'.py", "$(id)`id`", "-n.env", "*", ":(top)x"),
    *("a\\b\n\x1b[31m", "\udcff1.env", "é\u2028\x85"),
]


@pytest.mark.skipif(shutil.which("bash") is None, reason="a shell that knows $'…' is needed")
@pytest.mark.parametrize("name", NAMES)
def test_a_quoted_name_is_printable_and_to_a_shell_the_name(name: str) -> None:
    quoted = wording.quoted(name)

    done = subprocess.run(["bash", "-c", f"printf %s {quoted}"], capture_output=True, check=True)

    assert quoted.isprintable()
    assert done.stdout.decode("utf-8", "surrogateescape") == name


def test_the_command_that_takes_a_file_out_names_the_file() -> None:
    finding = replace(results.one().findings[0], locations=(Location("index", "a b'$(id)*", 1, 1),))

    text = written("text", replace(results.one(), findings=(finding,), kind="staged"))

    assert """`git restore --staged -- ':(top,literal)a b'"'"'$(id)*'`""" in text


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_a_path_that_is_not_utf_8_is_valid_unicode_in_json(name: str) -> None:
    finding = replace(results.one().findings[0], locations=(Location("index", "\udcff-é.env", 1, 1),))

    document = json.loads(written(name, replace(results.one(), findings=(finding,))).partition("\n{")[0])

    (place,) = document.get("findings", [document])[0]["locations"]
    assert place["path"] == r"\xff-é.env"
    assert base64.b64decode(place["path_base64"]) == b"\xff-\xc3\xa9.env"


@pytest.mark.parametrize("name", ["text", "csv"])
def test_a_path_that_is_not_utf_8_can_be_read(name: str) -> None:
    finding = replace(results.one().findings[0], locations=(Location("index", "\udcff.env", 1, 1),))

    assert r"\xff.env" in written(name, replace(results.one(), findings=(finding,)))
