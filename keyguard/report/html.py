"""One HTML file for people: nothing is loaded, and no script is needed to read it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TextIO

from keyguard import __version__
from keyguard.model import Commit, Finding, Location, ScanResult, Unread
from keyguard.report import forge, timeline, wording
from keyguard.report.places import commits
from keyguard.report.severity import Severity, severity
from keyguard.report.sizes import count, examined

OPEN_AT_FIRST = 10
"""Of a report with more keys than this only the first few are unfolded."""
UNFOLDED_PLACES = 50
SHOWN_REFS = 20

_STATES = (("live", "live"), ("pushed", "pushed"), ("head", "in HEAD"))


def write(result: ScanResult, out: TextIO) -> None:
    """The page, written part by part."""
    style, script = _asset("html.css"), _asset("html.js")
    out.write(_head(result, style, script))
    out.write(_header(result))
    out.write('<main id="main">')
    for part in (*_unread(result), *_notes(result), *timeline.section(result), *_table(result)):
        out.write(part)
    out.write(_keys_opening(result))
    for number, finding in enumerate(result.findings, 1):
        out.write(_key(number, finding, result))
    out.write("</section></main>" if result.findings else "</main>")
    out.write(f"{_footer(result)}</div><script>{script}</script></body></html>\n")


def _asset(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _head(result: ScanResult, style: str, script: str) -> str:
    # Nothing may be loaded, and nothing may run but what stands here: were markup of the repository's to get
    # through, a browser would still not act on it.
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>keyguard: {_e(_headline(result))}</title><style>{style}</style></head>"
        '<body><a class="skip" href="#main">Skip to the findings</a><div class="wrap">'
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _headline(result: ScanResult) -> str:
    if result.findings:
        places = count(wording.number_of_places(result), "place")
        return f"{count(len(result.findings), 'key')} in {places}"
    return "No keys found" if result.complete else "No keys found, but not everything was seen"


def _header(result: ScanResult) -> str:
    look = "found" if result.findings else "clean" if result.complete else "partial"
    looked = examined(result.examined.blobs, wording.unit(result), result.examined.bytes)
    when = f" on {result.began.strftime('%d %B %Y at %H:%M UTC').lstrip('0')}" if result.began else ""
    accepted = f" {count(len(result.allowed), 'more key')} found and allowed." if result.allowed else ""
    return (
        f'<header><p class="brand"><b>keyguard</b> · {_e(result.kind)} of <code>{_e(_target(result))}</code></p>'
        f'<h1 class="{look}">{_e(_headline(result))}</h1>'
        f'<p class="lead">{_e(looked)}{_e(when)}, in {result.seconds:.1f} s.{_e(accepted)}</p>'
        f'<ul class="tiles">{"".join(_tiles(result))}</ul></header>'
    )


def _target(result: ScanResult) -> str:
    url = result.repository.url if result.repository else None
    return url.partition("://")[2] if url and result.target == "." else result.target


def _tiles(result: ScanResult) -> Iterator[str]:
    findings = result.findings
    found = "key found" if len(findings) == 1 else "keys found"
    yield _tile(f"{len(findings):,}", found, "bad" if findings else "good")
    if findings:
        yield _live_tile(findings)
    exposures = [finding.exposure for finding in findings if finding.exposure]
    if exposures:
        pushed, head = sum(e.pushed for e in exposures), sum(e.in_head for e in exposures)
        yield _tile(f"{pushed:,}", "pushed", "bad" if pushed else "")
        yield _tile(f"{head:,}", "still in HEAD", "bad" if head else "")
    missed = sum(entry.count for entry in result.unread)
    yield _tile(f"{missed:,}", "not read: incomplete", "warn") if missed else _tile("complete", "all was read", "good")


def _live_tile(findings: tuple[Finding, ...]) -> str:
    asked = sum(finding.status != "unverified" for finding in findings)
    if not asked:
        return _tile("?", "live: nobody was asked", "")
    live = sum(finding.status == "live" for finding in findings)
    return _tile(f"{live:,}", f"live, of {asked:,} asked", "bad" if live else "good")


def _tile(number: str, label: str, look: str) -> str:
    return f'<li class="{look}"><strong>{_e(number)}</strong><span>{_e(label)}</span></li>'


def _unread(result: ScanResult) -> Iterator[str]:
    if result.unread:
        told = "What is listed here could not be read. Keys in it would not be in this report."
        yield _warning("This is not the whole", [_missed(entry) for entry in result.unread], f"<p>{told}</p>")


def _missed(entry: Unread) -> str:
    times = f" ({entry.count:,} times)" if entry.count > 1 else ""
    return f"<code>{_e(entry.what)}</code>: {_e(entry.reason)}{times}"


def _notes(result: ScanResult) -> Iterator[str]:
    if result.notes:
        yield _warning("Notes", [_e(note) for note in result.notes], look="warning mild")


def _warning(title: str, entries: list[str], told: str = "", look: str = "warning") -> str:
    listed = "".join(f"<li>{entry}</li>" for entry in entries)
    return f'<section class="{look}"><h2>{title}</h2>{told}<ul>{listed}</ul></section>'


def _table(result: ScanResult) -> Iterator[str]:
    if not result.findings:
        return
    yield '<section aria-labelledby="all"><h2 id="all">All keys</h2>'
    yield _tools(result)
    heads = ("Severity", "Key", "First place", "Places", "Since", "State")
    cells = "".join(f'<th scope="col"{" class=n" if head == "Places" else ""}>{head}</th>' for head in heads)
    yield f'<div class="card"><table class="keys stack" id="keys"><thead><tr>{cells}</tr></thead><tbody>'
    for number, finding in enumerate(result.findings, 1):
        yield _row(number, finding)
    yield "</tbody></table></div></section>"


def _tools(result: ScanResult) -> str:
    levels = "".join(f'<option value="{int(level)}">{level.word} or worse</option>' for level in list(Severity)[1:])
    present = {state for finding in result.findings for state in _states(finding)}
    boxes = "".join(
        f'<label><input type="checkbox" value="{state}"> {word}</label>' for state, word in _STATES if state in present
    )
    return (
        '<div class="tools" id="tools" hidden>'
        '<input type="search" id="words" placeholder="Filter by path, key, title …" aria-label="Filter the keys">'
        f'<select id="least" aria-label="Severity"><option value="0">every severity</option>{levels}</select>{boxes}'
        '<output id="shown" aria-live="polite"></output></div>'
    )


def _states(finding: Finding) -> list[str]:
    exposure = finding.exposure
    held = {
        "live": finding.status == "live",
        "pushed": bool(exposure and exposure.pushed),
        "head": bool(exposure and exposure.in_head),
    }
    return [state for state, holds in held.items() if holds]


def _row(number: int, finding: Finding) -> str:
    bad = severity(finding)
    since = finding.exposure.introduced.date[:10] if finding.exposure and finding.exposure.introduced else ""
    return (
        f'<tr data-severity="{int(bad)}" data-states="{" ".join(_states(finding))}">'
        f'<td data-sort="{4 - int(bad)}"><span class="pill {bad.word}">{bad.word}</span></td>'
        f'<td><a class="mono nowrap" href="#key-{number}">{_e(finding.secret.redacted)}</a>'
        f'<span class="sub">{_e(finding.rule.title)}</span></td>'
        f"<td><code>{_e(wording.place(finding.locations[0]))}</code></td>"
        f'<td class="n" data-label="Places">{len(finding.locations):,}</td>'
        f'<td class="nowrap"{_labelled("Since", since)}>{_e(since)}</td>'
        f"<td>{_tags(finding)}</td></tr>"
    )


def _labelled(label: str, value: str) -> str:
    return f' data-label="{label}"' if value else ""


def _tags(finding: Finding) -> str:
    tags = []
    if finding.status != "unverified":
        tags.append(_tag(finding.status, {"live": "bad", "dead": "good"}.get(finding.status, "")))
    if exposure := finding.exposure:
        tags.append(_tag("in HEAD", "bad") if exposure.in_head else _tag("not in HEAD"))
        tags += [_tag("pushed")] if exposure.pushed else []
        tags += [] if exposure.reachable else [_tag("no ref reaches it")]
    if finding.encoding:
        tags.append(_tag("disguised"))
    return "".join(tags)


def _tag(word: str, look: str = "") -> str:
    return f'<span class="tag {look}">{_e(word)}</span>'


def _keys_opening(result: ScanResult) -> str:
    return '<section aria-labelledby="each"><h2 id="each">Each key</h2>' if result.findings else ""


def _key(number: int, finding: Finding, result: ScanResult) -> str:
    bad = severity(finding)
    unfolded = len(result.findings) <= OPEN_AT_FIRST or number <= 3
    # The anchor is within what is folded, so that a browser unfolds it when a link leads there.
    return (
        f'<details class="key card"{" open" if unfolded else ""}><summary>'
        f'<span class="pill {bad.word}">{bad.word}</span><h3>{_e(finding.rule.title)}</h3>'
        f"<code>{_e(finding.secret.redacted)}</code>"
        f'<span class="right">{count(len(finding.locations), "place")}</span></summary>'
        f'<div class="body" id="key-{number}"><h4>Next</h4>{_next(finding)}'
        f"<h4>Known by</h4>{_facts(finding)}<h4>Where it stands</h4>{_places(finding, result)}</div></details>"
    )


def _next(finding: Finding) -> str:
    steps = [_with_code(step) for step in wording.next_steps(finding)]
    if url := _web(finding.rule.revoke_url):
        steps[0] += f' <a href="{_e(url)}" rel="noreferrer">{_e(url)}</a>'
    return f'<ol class="next">{"".join(f"<li>{step}</li>" for step in steps)}</ol>'


def _with_code(text: str) -> str:
    """A sentence in which backticks mark code."""
    parts = _e(text).split("`")
    if len(parts) % 2 == 0:
        return "`".join(parts)
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def _web(url: str) -> str | None:
    return url if url.startswith(("https://", "http://")) else None


def _facts(finding: Finding) -> str:
    facts = {
        "Key": f"<code>{_e(finding.secret.redacted)}</code>, {len(finding.secret)} characters",
        "Disguised as": _e(wording.disguise(finding)),
        "Confidence": f"{finding.confidence.word}: {_e(wording.why(finding))}",
        "Status": f"{_e(finding.status)}: {_e(wording.STATUS.get(finding.status, finding.status))}",
        "Exposed": _e(wording.exposed(finding.exposure)) if finding.exposure else "",
        "Refs": _refs(finding.exposure.refs) if finding.exposure else "",
        "Rule": f"<code>{_e(finding.rule.id)}</code>",
        "SHA-256": f"<code>{finding.secret.fingerprint}</code>",
    }
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{fact}</dd>' for name, fact in facts.items() if fact)}</dl>"


def _refs(refs: tuple[str, ...]) -> str:
    shown = ", ".join(f"<code>{_e(ref)}</code>" for ref in refs[:SHOWN_REFS])
    return shown + (f" and {len(refs) - SHOWN_REFS:,} more" if len(refs) > SHOWN_REFS else "")


def _places(finding: Finding, result: ScanResult) -> str:
    first, rest = finding.locations[:UNFOLDED_PLACES], finding.locations[UNFOLDED_PLACES:]
    shown = _places_table(first, finding, result)
    if not rest:
        return shown
    more = _places_table(rest, finding, result)
    return f'{shown}<details class="more"><summary>{count(len(rest), "more place")}</summary>{more}</details>'


def _places_table(locations: tuple[Location, ...], finding: Finding, result: ScanResult) -> str:
    known = commits(finding)
    in_history = any(location.commit for location in locations)
    heads = ("Place", "Commit", "Author", "Date") if in_history else ("Place",)
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    rows = "".join(_place(location, known, result, in_history) for location in locations)
    return f'<div class="places"><table class="stack"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _place(location: Location, known: dict[str, Commit], result: ScanResult, in_history: bool) -> str:
    text = f"<code>{_e(_without_commit(location))}</code>"
    cells = f"<td>{_linked(text, forge.place_link(location, result))}</td>"
    if in_history:
        cells += _commit(location, known.get(location.commit or ""), result)
    return f"<tr>{cells}</tr>"


def _without_commit(location: Location) -> str:
    return wording.place(location).partition(" @ ")[0] if location.commit else wording.place(location)


def _commit(location: Location, commit: Commit | None, result: ScanResult) -> str:
    url = result.repository.url if result.repository else None
    oid = location.commit or ""
    shown = _linked(f"<code>{_e(oid[:12])}</code>", forge.commit_link(url, oid)) if oid else ""
    author = f'<span title="{_e(commit.email)}">{_e(commit.author)}</span>' if commit else ""
    date = _e(commit.date[:10]) if commit else ""
    return (
        f'<td class="nowrap"{_labelled("Commit", shown)}>{shown}</td><td{_labelled("Author", author)}>{author}</td>'
        f'<td class="nowrap"{_labelled("Date", date)}>{date}</td>'
    )


def _linked(markup: str, url: str | None) -> str:
    return f'<a href="{_e(url)}" rel="noreferrer">{markup}</a>' if url else markup


def _footer(result: ScanResult) -> str:
    return (
        f"<footer>keyguard {_e(__version__)}, {count(result.patterns, 'pattern')}. Keys are shown by their ends alone; "
        "this file holds none of them.</footer>"
    )


def _e(text: str) -> str:
    """`text` as text: control characters made visible, markup escaped."""
    return escape(wording.printable(text), quote=True)
