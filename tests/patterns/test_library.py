"""The pattern library: every pattern keeps its promises, and every row of formats is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from keyguard.errors import PatternError
from keyguard.judge.structure import CHECKS as IMPLEMENTED
from keyguard.pattern_check import faults
from keyguard.patterns import Library, bundled, load
from keyguard.patterns.pattern import CHECKS
from keyguard.patterns.templates import fill
from tests.conftest import Finder
from tests.keys import LEGACY, MODERN, UNMARKED, Keys

EXAMPLES = [
    pytest.param(pattern.id, example, id=f"{pattern.id}-{place}")
    for pattern in bundled()
    for place, example in enumerate(pattern.examples)
]
COUNTEREXAMPLES = [
    pytest.param(pattern.id, example, id=f"{pattern.id}-{place}")
    for pattern in bundled()
    for place, example in enumerate(pattern.counterexamples)
]
SEEDS = range(12)


@pytest.mark.parametrize(("name", "template"), EXAMPLES)
def test_an_example_is_found(find: Finder, name: str, template: str) -> None:
    found = [name in find.rules(fill(template, Random(f"{name}{seed}"))) for seed in SEEDS]

    # A random body looks like a fake now and then, a long one never.
    assert sum(found) >= len(SEEDS) - 2


@pytest.mark.parametrize(("name", "template"), COUNTEREXAMPLES)
def test_a_counterexample_is_not_found(find: Finder, name: str, template: str) -> None:
    found = [name in find.rules(fill(template, Random(f"{name}{seed}"))) for seed in SEEDS]

    assert not any(found)


def test_the_bundled_patterns_have_no_fault(library: Library) -> None:
    assert list(faults(library, library)) == []


def test_no_pattern_lacks_an_example_a_counterexample_a_remedy_or_a_source(library: Library) -> None:
    empty = [
        p.id for p in library if not (p.examples and p.counterexamples and p.rule.remedy and p.source and p.rule.title)
    ]

    assert empty == []


def test_every_check_that_a_pattern_can_name_is_implemented() -> None:
    assert set(CHECKS) == set(IMPLEMENTED)


def test_every_revocation_page_is_a_secure_address(library: Library) -> None:
    assert [p.id for p in library if p.rule.revoke_url and not p.rule.revoke_url.startswith("https://")] == []


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("name", UNMARKED)
def test_each_unmarked_kind_is_found_and_named(find: Finder, keys: Keys, name: str, number: int) -> None:
    key, text = keys.in_context(name, number)

    assert [(m.secret.reveal(), m.rule.id) for m in find.matches(text)] == [(key, name)]


@pytest.mark.parametrize("kind", MODERN)
def test_each_modern_form_is_found_with_high_confidence(find: Finder, keys: Keys, kind: str) -> None:
    key = keys.modern(kind)
    found = find.matches(f"OPENAI_API_KEY={key}\n")

    assert [(m.secret.reveal(), m.rule.id, m.confidence.word) for m in found] == [(key, "openai-modern", "high")]


@pytest.mark.parametrize(
    ("kind", "called"),
    [
        ("user", "user"),
        ("service", "service-account"),
        ("project", "project"),
        ("admin", "admin"),
        ("none", "user"),
    ],
)
def test_a_modern_key_is_told_by_its_prefix(find: Finder, keys: Keys, kind: str, called: str) -> None:
    assert [m.kind for m in find.matches(keys.modern(kind))] == [called]


@pytest.mark.parametrize(
    ("prefix", "rule", "kind"),
    [
        ("sk-", "openai-legacy-user", "user"),
        ("sk-proj-", "openai-legacy-prefixed", "project"),
        ("sk-svcacct-", "openai-legacy-prefixed", "service-account"),
        ("sk-admin-", "openai-legacy-prefixed", "admin"),
        ("sk-None-", "openai-legacy-prefixed", "user"),
        ("sk-service-", "openai-legacy-prefixed", "service-account"),
        ("sk-my-backend-", "openai-legacy-service", "service-account"),
    ],
)
def test_a_legacy_key_is_told_by_its_prefix(find: Finder, keys: Keys, prefix: str, rule: str, kind: str) -> None:
    assert [(m.rule.id, m.kind) for m in find.matches(keys.legacy(prefix))] == [(rule, kind)]


@pytest.mark.parametrize("prefix", LEGACY)
def test_a_legacy_key_is_found_whole_with_its_prefix_and_name(find: Finder, keys: Keys, prefix: str) -> None:
    key = keys.legacy(prefix)

    assert find.texts(f"key: {key},") == [key]


@pytest.mark.parametrize(
    ("provider", "signature", "rule"),
    [
        ("AAAB", "ACOG", "azure-openai"),
        ("AAAA", "ACOG", "azure-ai-services"),
        ("AAAb", "ACOG", "azure-ai"),
        ("AAAY", "ACOG", "azure-ai"),
        ("AAAE", "ACOG", "azure-ai"),
        ("AAAF", "ACOG", "azure-ai"),
        ("AAAL", "ACOG", "azure-ai"),
        ("AAAA", "AWPS", "azure-other"),
        ("AAAA", "AZDO", "azure-other"),
    ],
)
def test_an_azure_key_is_told_by_its_provider_field(
    find: Finder, keys: Keys, provider: str, signature: str, rule: str
) -> None:
    key = keys.azure(provider, signature)

    assert [(m.secret.reveal(), m.rule.id) for m in find.matches(f"key={key}\n")] == [(key, rule)]


@pytest.mark.parametrize("number", range(20))
def test_no_look_alike_is_called_openais(find: Finder, keys: Keys, number: int) -> None:
    texts = [keys.in_context(name, number)[1] for name in UNMARKED if not name.startswith(("openai-", "azure-"))]
    found = [match.rule.provider for text in texts for match in find.matches(text)]

    assert "openai" not in found


@pytest.mark.parametrize(
    "context",
    [
        "OPENAI_API_KEY={}",
        "openai.api_key = '{}'  # see litellm",
        "https://api.deepseek.com key {}",
        "Bearer {}",
    ],
)
@pytest.mark.parametrize("prefix", ["gsk_", "vck_", "pplx-", "sk_live_", "sk_", "pk-", "rk-"])
def test_other_prefixes_with_a_marker_less_body_are_never_openais(
    find: Finder, keys: Keys, prefix: str, context: str
) -> None:
    found = find.matches(context.format(keys.make(prefix, "{alnum:48}")))

    assert [match for match in found if match.rule.provider == "openai"] == []


def test_ids_that_are_no_secrets_are_not_reported(find: Finder, keys: Keys) -> None:
    bodies = {
        "{alnum:24}": (
            "org-",
            "proj_",
            "user-",
            "asst_",
            "thread_",
            "msg_",
            "run_",
            "file-",
            "ftjob-",
            "call_",
        ),
        "{alnum:29}": ("chatcmpl-", "modr-"),
        "{hex:32}": ("resp_", "eval_", "rtc_"),
        "{hex:48}": ("resp_", "rs_", "conv_", "cntr_"),
        "{alnum:21}": ("event_", "sess_"),
    }
    ids = [keys.make(prefix, body) for body, prefixes in bodies.items() for prefix in prefixes]

    assert find.texts("openai " + " ".join(ids)) == []


def test_a_patterns_anchor_stands_in_each_of_its_examples(library: Library) -> None:
    lacking = [
        p.id
        for p in library
        for example in p.examples
        if not any(anchor in fill(example, Random(3)) for anchor in p.anchors)
    ]

    assert lacking == []


TABLE = """
[[pattern]]
id = "mine"
title = "My own key"
provider = "mine"
kind = "api"
anchors = ["mykey_"]
after = 40
regex = '(?P<prefix>mykey_)(?P<body>[a-z0-9]{20})'
confidence = "high"
fakes = "unmarked"
examples = ["mykey_{hex:20}"]
counterexamples = ["mykey_short"]
remedy = "Ask me."
source = "mine"
"""


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(text)
    return path


def test_a_users_file_is_loaded_beside_the_bundled_ones(tmp_path: Path, library: Library) -> None:
    longer = load([own(tmp_path, TABLE)])

    assert [pattern.id for pattern in longer][len(library) :] == ["mine"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('id = "mine"', "", "a pattern without `id`: `id` is missing"),
        ('id = "mine"', 'id = "My Own"', "`id` must be lower-case words"),
        ('id = "mine"', 'id = "openai-modern"', "there is a pattern of this id already"),
        ('title = "My own key"', "", "pattern mine: `title` is missing"),
        ('title = "My own key"', "title = 7", "pattern mine: `title` must be a text"),
        ('anchors = ["mykey_"]', "", "pattern mine: `anchors` is missing"),
        ('anchors = ["mykey_"]', "anchors = []", "pattern mine: `anchors` must name at least one text"),
        ('anchors = ["mykey_"]', 'anchors = ["my"]', "must be three or more ASCII characters"),
        ('anchors = ["mykey_"]', 'anchors = ["mÿkey_"]', "must be three or more ASCII characters"),
        ('anchors = ["mykey_"]', "anchors = [1]", "`anchors` must be a list of texts"),
        ('anchors = ["mykey_"]', 'anchors = "mykey_"', "`anchors` must be a list"),
        ("after = 40", "", "`after` is missing"),
        ("after = 40", "after = 0", "`after` must be positive"),
        ("after = 40", "after = true", "`after` must be a whole number"),
        ("after = 40", "after = 40\nbefore = -1", "not negative"),
        ("after = 40", "after = 40\nshortest = 4000", "`shortest` may be 256 at most"),
        ("after = 40", "after = 40\ncolour = 1", "`colour` is no field of a pattern"),
        ('confidence = "high"', 'confidence = "sure"', "`confidence` must be one of low, medium, high"),
        ('fakes = "unmarked"', 'fakes = "some"', "`fakes` must be one of"),
        ("after = 40", 'after = 40\nrequired = ["magic"]', "`required` names 'magic'"),
        ("after = 40", "after = 40\ncontext = [1]", "`context` must be a list of tables"),
        ("after = 40", 'after = 40\ncontext = [{ words = ["a"] }]', "`within` is missing"),
        ("after = 40", 'after = 40\ncontext = [{ words = ["a"], within = 3, far = 1 }]', "`far` is no field"),
        ("[a-z0-9]{20})'", "[a-zé]{20})'", "`regex` must be ASCII"),
        (
            '[[pattern]]\nid = "mine"',
            '[pattern]\nid = "mine"',
            "must hold [[pattern]] tables and nothing else",
        ),
        ("[[pattern]]", "[[pattern]", "is no valid TOML"),
    ],
)
def test_a_broken_file_is_refused_with_file_pattern_and_reason(tmp_path: Path, old: str, new: str, reason: str) -> None:
    assert old in TABLE
    path = own(tmp_path, TABLE.replace(old, new, 1))

    with pytest.raises(PatternError) as caught:
        load([path])

    assert str(caught.value).startswith(f"{path}: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"pattern = 3", b"pattern = []", b"pattern = [1]", b"x = 1"])
def test_a_file_that_is_no_pattern_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(content)

    with pytest.raises(PatternError, match=r"own\.toml: "):
        load([path])


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PatternError, match="cannot be read: No such file"):
        load([tmp_path / "none.toml"])


@pytest.mark.parametrize(
    ("expression", "local"),
    [
        (r"(?<![A-Za-z0-9])sk-(?P<body>[^\s^$]{20})(?![\w\]])", True),
        (r"\$sk-\^[]^$]{20}\bx\x41", True),
        (r"^sk-\w{20}", False),
        (r"sk-\w{20}$", False),
        (r"(?:^|\s)sk-\w{20}", False),
        (r"\Ask-\w{20}", False),
        (r"sk-\w{20}\Z", False),
        (r"(?<=key = )sk-\w{20}", False),
        (r"(?<!ab)sk-\w{20}", False),
        (r"(?<![ab]{2})sk-\w{20}", False),
        (r"x\Ksk-\w{20}", False),
    ],
)
def test_a_pattern_that_looks_beyond_its_reach_is_known(library: Library, expression: str, local: bool) -> None:
    assert replace(next(iter(library)), expression=expression).is_local is local
