"""No key leaves keyguard: in no output, error, repr or traceback, neither as it is nor encoded."""

from __future__ import annotations

import base64
import dataclasses
import json
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyguard import match as matching
from keyguard.cli import entry
from keyguard.engine import Engine
from keyguard.model import SHOWN, Blob, Match, OnDisk, Secret, StandardInput
from keyguard.pipeline import scan as run_scan
from keyguard.policy import Policy
from keyguard.source.files import Files
from tests.conftest import Call, Repo, run_apart
from tests.keys import UNMARKED, Keys

KEYS = Keys("no leaks")
EVERY = [
    *((key, key) for key in KEYS.every_kind()),
    *(KEYS.in_context(name) for name in UNMARKED),
]
TYPED = [KEYS.modern(), KEYS.session(), KEYS.azure(), KEYS.unmarked("anthropic")]


def traces(key: str) -> Iterator[str]:
    """What would give the key away: itself, more of it than may be shown, and either of that in disguise."""
    yield key
    for part in (key[12:28], key[-24:-6]):
        yield part
        yield part[::-1]
        yield part.encode().hex()
        yield from (base64.b64encode(bytes(shift) + part.encode())[4:-4].decode() for shift in range(3))


def given_away(said: str, key: str) -> list[str]:
    return [trace for trace in traces(key) if len(trace) > 8 and trace in said]


@pytest.mark.parametrize(("key", "text"), EVERY, ids=lambda value: value[:12])
@pytest.mark.parametrize("arguments", [("scan",), ("scan", "--format", "json"), ("scan", "--verbose")])
def test_no_report_shows_a_key(tmp_path: Path, keyguard: Call, key: str, text: str, arguments: tuple[str, ...]) -> None:
    (tmp_path / "plain.txt").write_text(f"first\n{text}\n")
    (tmp_path / "base64.txt").write_text(base64.b64encode(text.encode()).decode())
    (tmp_path / "hex.txt").write_text(text.encode().hex())
    (tmp_path / "allowed.txt").write_text(f"{text} # keyguard: allow\n")
    ran = keyguard(*arguments, cwd=tmp_path)

    assert (ran.code, given_away(ran.out + ran.err, key)) == (1, [])


@pytest.mark.parametrize(
    "written", [str, lambda key: base64.urlsafe_b64encode(key.encode()).decode(), lambda k: k[::-1]]
)
@pytest.mark.parametrize(
    "arguments", [("scan",), ("scan", "--format", "json"), ("staged",), ("staged", "--format=json")]
)
def test_no_name_shows_a_key(repo: Repo, keyguard: Call, written, arguments: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    key = KEYS.modern("user")
    repo.stage(f"{written(key)}.txt", "x")
    repo.stage(f"sub-{written(key)}/a", KEYS.modern("admin"))
    ran = keyguard(*arguments, cwd=repo.path)

    assert (ran.code, given_away(ran.out + ran.err, key)) == (1, [])


@pytest.mark.parametrize(("key", "text"), EVERY, ids=lambda value: value[:12])
def test_a_redaction_shows_four_characters_at_either_end_and_the_public_prefix(
    engine: Engine, key: str, text: str
) -> None:
    (found,) = (item for item in engine.examine(Blob(text.encode(), StandardInput())) if isinstance(item, Match))
    before, after = found.secret.redacted.split("…")
    prefix = next((p for p in PREFIXES if key.startswith(p)), "")

    assert key.startswith(before)
    assert key.endswith(after)
    assert len(before) <= len(prefix) + SHOWN
    assert len(after) <= SHOWN


PREFIXES = sorted(
    {prefix for _, prefix, _ in UNMARKED.values()}
    | {"sk-", "sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-", "sk-service-", "sk-cp-"},
    key=len,
    reverse=True,
)


@pytest.mark.parametrize("length", range(1, 60))
def test_of_a_short_key_most_stays_hidden(length: int) -> None:
    shown = Secret("k" * length).redacted.replace("…", "")

    assert len(shown) * 4 <= length


def test_an_explicit_wish_shows_keys_in_full(tmp_path: Path, keyguard: Call) -> None:
    key = KEYS.modern()
    (tmp_path / "a").write_text(key)

    assert key in keyguard("scan", "--show-secrets", cwd=tmp_path).out


def values(result: object) -> Iterator[object]:
    """A value and all values in it."""
    yield result
    if dataclasses.is_dataclass(result):
        for field in dataclasses.fields(result):
            yield from values(getattr(result, field.name))
    elif isinstance(result, tuple | list):
        for item in result:
            yield from values(item)


def test_no_repr_of_any_value_shows_a_key(tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "a").write_text("".join(f"{text}\n\n{'.' * 1200}\n" for _, text in EVERY))
    (tmp_path / KEYS.modern("user")).write_text("x")
    result = run_scan(Files([str(tmp_path)]), engine, Policy())
    said = "".join(f"{value!r}{value!s}" for value in values(result))

    assert [key[:12] for key, _ in EVERY if given_away(said, key)] == []


def test_no_repr_on_the_way_shows_a_key(engine: Engine) -> None:
    key = KEYS.modern()
    blob = Blob(key.encode(), OnDisk("a"))
    judged = engine.keys(blob.data)[0]
    found = engine.examine(blob)
    candidates = [c for p in engine.library for c in matching.candidates(p, blob.data, [key.index("T3")])]

    assert given_away(repr((blob, judged, found, candidates)), key) == []


def test_a_pickled_secret_comes_back_whole(engine: Engine) -> None:
    secret = Secret(KEYS.modern(), 8)
    again = pickle.loads(pickle.dumps(secret))  # noqa: S301 - its own

    assert (again, again.redacted) == (secret, secret.redacted)


@pytest.mark.parametrize("key", TYPED, ids=lambda key: key[:8])
@pytest.mark.parametrize(
    "arguments",
    [
        ("scan", "{}"),
        ("scan", "--{}"),
        ("scan", "--format", "{}"),
        ("scan", "--config", "{}"),
        ("scan", "--baseline", "{}"),
        ("scan", "--patterns", "{}"),
        ("scan", "--min-confidence", "{}"),
        ("scan", "--output", "nowhere/{}"),
        ("staged", "{}"),
        ("{}",),
        ("hook", "{}"),
        ("patterns", "show", "{}"),
        ("patterns", "list", "--provider", "{}"),
        ("patterns", "check", "{}"),
        ("baseline", "--reason", "x", "--from", "{}"),
    ],
)
def test_no_error_repeats_a_key_that_was_typed(
    started: Repo, keyguard: Call, key: str, arguments: tuple[str, ...]
) -> None:
    ran = keyguard(*(argument.format(key) for argument in arguments), cwd=started.path)

    assert (ran.code, key in ran.out + ran.err) == (2, False)


@pytest.mark.parametrize("key", TYPED, ids=lambda key: key[:8])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".keyguard.toml", "{} = 1\n"),
        (".keyguard.toml", '"{}" = 1\n'),
        (".keyguard.toml", 'format = "{}"\n'),
        (".keyguard.toml", "{}"),
        (".keyguard.toml", 'a = "{}\n'),
        (".keyguard.toml", '[[allow]]\nfingerprint = "{}"\nreason = "x"\n'),
        (".keyguard.toml", '[[allow]]\n{} = "x"\nreason = "x"\n'),
        (".keyguard.toml", 'baseline = "{}"\n'),
        (".keyguard.toml", 'patterns = ["{}"]\n'),
        (".keyguard.toml", 'baseline = "b.json"\n#{}'),
        ("pyproject.toml", '[tool.keyguard]\nx = 1\n"{}" = 2\n'),
    ],
)
def test_no_error_repeats_a_key_of_a_configuration(
    tmp_path: Path, keyguard: Call, key: str, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text.format(key))
    ran = keyguard("scan", cwd=tmp_path)

    assert (ran.code, key in ran.out + ran.err, ran.err.count("\n")) == (2, False, 1)


def test_a_fault_of_keyguards_own_tells_its_place_alone(
    tmp_path: Path, keyguard: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = KEYS.session()
    (tmp_path / "a").write_text(f"token {key}")

    def broken(*_: object) -> None:
        raise ValueError(f"cannot judge {key}")

    monkeypatch.setattr("keyguard.engine.judge", broken)
    ran = keyguard("scan", cwd=tmp_path)

    assert (ran.code, key in ran.out + ran.err) == (2, False)
    assert "internal error (ValueError at " in ran.err


def test_a_traceback_with_a_secret_shows_none() -> None:
    secret = Secret(KEYS.modern(), 8)
    said = "".join(traceback.format_exception(ValueError(secret)))

    assert given_away(said, secret.reveal()) == []


def test_a_baseline_holds_no_key(tmp_path: Path, keyguard: Call) -> None:
    key = KEYS.modern()
    (tmp_path / "a").write_text(key)
    ran = keyguard("baseline", "--reason", "old", cwd=tmp_path)

    assert (ran.code, given_away((tmp_path / ".keyguard-baseline.json").read_text() + ran.out, key)) == (0, [])


def test_no_file_is_left_behind(tmp_path: Path, keyguard: Call) -> None:
    (tmp_path / "a").write_text(KEYS.modern())
    keyguard("scan", "--output", "report.json", "--format", "json", cwd=tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "report.json"]


def test_a_full_disk_is_an_error_and_no_clean_answer(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(KEYS.modern())
    with open("/dev/full", "wb") as full:
        import subprocess
        import sys

        ran = subprocess.run(
            [sys.executable, "-m", "keyguard", "scan"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, check=False
        )

    assert ran.returncode not in (0, 3)
    assert b"Traceback" not in ran.stderr


def test_json_of_odd_names_can_be_read_again(tmp_path: Path) -> None:
    import os

    path = os.fsencode(tmp_path) + b'/\xff\xfe\n\x1b[31m"\\'
    with open(path, "w") as file:
        file.write(KEYS.modern())
    ran = run_apart("scan", "--format", "json", cwd=tmp_path)

    assert json.loads(ran.stdout)["findings"][0]["locations"][0]["path"] == '\\xff\\xfe\n\x1b[31m"\\'


def test_an_interrupt_is_one_line(tmp_path: Path, keyguard: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("keyguard.cli.quick.run", interrupted)

    assert (keyguard("scan", cwd=tmp_path).code, entry.INTERRUPTED) == (130, 130)
