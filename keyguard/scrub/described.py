"""A plan in words."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from keyguard.redaction import Redaction
from keyguard.report.sizes import count
from keyguard.scrub.estimate import Estimate
from keyguard.scrub.plan import Plan
from keyguard.scrub.search import Submodule
from keyguard.scrub.superproject import command
from keyguard.source.remote import web_address

SCHEMA = "keyguard.scrub-plan/1"
SHOWN = 5
CONTAINERS = 20
WIDTH = 80

FATES = {
    "replaced": "members with keys are replaced, all others stay as they are",
    "dropped": "becomes a note, since it cannot be rewritten: ",
    "refused": "cannot be rewritten: ",
}
"""What becomes of an archive."""

WORDS = {
    "blobs": "blobs with a key in their content",
    "commits": "commits get another id: those with a key, and all that stand on them",
    "notes_commits": "commits of notes get another id",
    "messages": "messages of commits and tags",
    "people": "commits or tags with a key in a name, an address or a header",
    "paths": "names of files and folders",
    "refs": "refs move",
    "renamed_refs": "refs are renamed, since their name holds a key",
    "tags": "annotated tags are made anew",
    "signed_commits": "signed commits lose their signature: sign anew, or say so to whoever checks them",
    "signed_tags": "signed tags lose their signature",
    "merged_tags": "signed tags that merges hold a copy of lose their signature",
    "stashes": "stashes",
    "files": "files of the repository's own folder (settings, messages in the making, reflogs, LFS objects)",
    "lfs_objects": "LFS objects, with the pointers that name them",
}


def redaction_of(plan: Plan) -> Redaction:
    """What keeps the keys of a plan out of all that is said of it."""
    return plan.search.redaction()


def outside(plan: Plan, redaction: Redaction) -> list[str]:
    """What cannot be rewritten from here."""
    found = ["every other clone and fork, and whatever was copied from one (archives, caches, CI artifacts)"]
    for name, url in plan.remotes:
        page = web_address(url) or "no page known"
        found.append(f"remote {redaction.text(name)} ({page}): its refs, pull requests, caches, and its LFS server")
    found += (f"submodule repository {line}" for line in _inner(plan.submodules, redaction))
    found.append("files of the work trees that git does not track")
    return found


def submodules(plan: Plan, redaction: Redaction) -> list[str]:
    """The submodules that hold keys, or of which nobody knows."""
    found = [one for one in plan.submodules if one.keys or not one.complete]
    return ["Submodules are scrubbed each by itself:", *_indented(_inner(found, redaction))] if found else []


def _inner(submodules: Iterable[Submodule], redaction: Redaction) -> Iterator[str]:
    for one in submodules:
        where = redaction.text(str(one.path))
        found = f"{count(one.keys, 'key')} in it" if one.keys else "no key was found in it"
        found += "" if one.complete else ", not all of which could be looked at"
        how = "" if one.complete and not one.keys else f"; scrub it by `{redaction.text(command(one.path))}`"
        yield f"{where}: {found}, and nothing is proven of it{how}"


def lines(plan: Plan) -> Iterator[str]:
    """The plan, line by line."""
    redaction = redaction_of(plan)
    result = plan.search.result
    if not result.findings:
        yield f"No keys found{' here' if plan.elsewhere else ''}: there is nothing to scrub."
        yield from submodules(plan, redaction)
        yield from _unread(plan)
        return
    yield "First of all revoke these keys: a key that has leaked is dead only when it is revoked."
    for finding in result.findings:
        yield f"  {finding.secret.redacted}  {finding.rule.title}, {count(len(finding.locations), 'place')}"
        yield f"    {finding.rule.revoke_url}"
    yield ""
    yield "What a scrub would change here:"
    for name, number in asdict(plan.counts).items():
        if number and name in WORDS:
            yield f"  {number:>8,}  {WORDS[name]}"
    yield from _first(plan)
    yield from _containers(plan)
    yield ""
    yield "Everybody who has a clone has to clone anew afterwards. What cannot be rewritten from here:"
    yield from _indented(outside(plan, redaction))
    yield ""
    yield from _unread(plan)
    for reason in plan.refusals:
        yield from _wrapped(f"Not possible as it is: {redaction.text(reason)}")
    yield f"It takes {_span(plan.duration)}. Nothing has been written so far: `--apply` acts."


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _containers(plan: Plan) -> Iterator[str]:
    """Each archive in two lines: where it is, and what becomes of it."""
    if not plan.containers:
        return
    yield ""
    yield "Archives with keys in them:"
    for one in plan.containers[:CONTAINERS]:
        more = f" and {count(len(one.places) - 1, 'other path')}" if len(one.places) > 1 else ""
        yield f"  {one.places[0]}{more}  {one.kind}, {count(one.keys, 'key')}"
        yield from _wrapped(f"{FATES[one.fate]}{one.problem}", "    ")
    for fate, number in Counter(one.fate for one in plan.containers[CONTAINERS:]).items():
        yield f"  and {number:,} more: {fate}"


def packed(plan: Plan, members: int) -> Iterator[str]:
    """What became of the archives that held keys, of which `members` are what they were."""
    fates = Counter(one.fate for one in plan.containers)
    if fates["replaced"]:
        rewritten = count(fates["replaced"], "archive")
        yield f"{rewritten} rewritten; all else in them is as it was ({count(members, 'member')})."
    if fates["dropped"]:
        yield f"{count(fates['dropped'], 'archive')} replaced by a note."


def _unread(plan: Plan) -> Iterator[str]:
    return (f"Not read: {entry.what} ({entry.reason})" for entry in plan.search.result.unread)


def _span(duration: Estimate) -> str:
    least, most = max(1, round(duration.least)), max(2, round(duration.most))
    return (
        f"{least:,} to {most:,} seconds, reckoned from the {duration.searched:.1f} s of this search "
        f"and the {count(duration.commits, 'commit')} to rewrite"
    )


def _first(plan: Plan) -> Iterator[str]:
    shown = plan.first_changed[:SHOWN]
    if shown:
        more = len(plan.first_changed) - len(shown)
        yield "First changed commits: " + ", ".join(shown) + (f" and {more} more" if more else "")


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def listed(plan: Plan) -> list[dict[str, Any]]:
    """The archives that hold keys, as plain values."""
    return [
        {
            "paths": list(one.places),
            "blob": one.oid,
            "kind": one.kind,
            "keys": one.keys,
            "members": list(one.members),
            "action": one.fate,
            "problem": one.problem or None,
        }
        for one in plan.containers
    ]


def document(plan: Plan) -> dict[str, Any]:
    """The plan as plain values."""
    redaction = redaction_of(plan)
    result = plan.search.result
    return {
        "schema": SCHEMA,
        "keys": [
            {
                "sha256": finding.secret.fingerprint,
                "redacted": finding.secret.redacted,
                "rule": finding.rule.id,
                "places": len(finding.locations),
                "revoke": finding.rule.revoke_url,
            }
            for finding in result.findings
        ],
        "counts": asdict(plan.counts),
        "containers": listed(plan),
        "first_changed_commits": list(plan.first_changed),
        "unread": [asdict(entry) for entry in result.unread],
        "submodules": [
            {"path": redaction.text(str(one.path)), "keys": one.keys, "complete": one.complete}
            for one in plan.submodules
        ],
        "outside": outside(plan, redaction),
        "refusals": [redaction.text(reason) for reason in plan.refusals],
        "seconds": {name: round(value, 3) for name, value in asdict(plan.duration).items() if name != "commits"},
    }
