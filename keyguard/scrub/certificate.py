"""What was done and what was proven, to keep and to show: as JSON and as Markdown, with no key in it."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from keyguard import __version__
from keyguard.redaction import Redaction
from keyguard.scrub.act import Done
from keyguard.scrub.afterwards import afterwards
from keyguard.scrub.described import listed, outside

SCHEMA = "keyguard.scrub/1"
_UNPROVEN = "NOT proven: keys are left, not everything could be looked at, or git does not find it whole"


def document(done: Done, redaction: Redaction) -> dict[str, Any]:
    """The certificate as plain values."""
    plan = done.plan
    return {
        "schema": SCHEMA,
        "tool": versions(done),
        "repository": redaction.text(str(plan.snapshot.store.common_dir)),
        "proven": done.proven,
        "proof": {
            "keys_left": len(done.left.result.findings),
            "complete": done.left.result.complete,
            "unread": [asdict(entry) for entry in done.left.result.unread],
            "objects_examined": done.left.result.examined.blobs,
            "bytes_examined": done.left.result.examined.bytes,
            "trees_compared": done.compared.trees,
            "files_changed_in_them": done.compared.files,
            "containers_compared": done.compared.containers,
            "members_unchanged_in_them": done.compared.members,
            "fsck": done.sound,
        },
        "keys": [
            {"sha256": finding.secret.fingerprint, "redacted": finding.secret.redacted, "rule": finding.rule.id}
            for finding in plan.search.result.findings
        ],
        "counts": asdict(plan.counts),
        "containers": listed(plan),
        "first_changed_commits": list(plan.first_changed),
        "commits": dict(done.rewritten.commits),
        "tags": dict(done.rewritten.tags),
        "refs": {
            redaction.text(name): [plan.snapshot.refs.get(name), oid]
            for name, oid in done.rewritten.refs.items()
            if plan.snapshot.refs.get(name) != oid
        },
        "backup": redaction.text(str(done.backup)),
        "seconds": {stage: round(seconds, 3) for stage, seconds in done.stages.items()},
        "outside": outside(plan, redaction),
        "afterwards": afterwards(done, redaction),
    }


def versions(done: Done) -> dict[str, str]:
    """What took part."""
    try:
        filter_repo = version("git-filter-repo")
    except PackageNotFoundError:
        filter_repo = "unknown"
    git = done.plan.snapshot.git.run("version").decode().removeprefix("git version ").strip()
    return {"keyguard": __version__, "git": git, "git-filter-repo": filter_repo, "python": platform.python_version()}


def as_json(done: Done, redaction: Redaction) -> str:
    """The certificate as JSON."""
    return json.dumps(document(done, redaction), indent=2) + "\n"


def as_markdown(done: Done, redaction: Redaction) -> str:
    """The certificate as Markdown."""
    return "\n".join(_markdown(document(done, redaction))) + "\n"


def _markdown(found: dict[str, Any]) -> Iterator[str]:
    proof = found["proof"]
    yield "# Certificate of a scrub"
    yield ""
    verdict = "No key is left" if found["proven"] else _UNPROVEN
    yield f"**{verdict}**, in `{found['repository']}`."
    yield ""
    yield (
        f"{proof['objects_examined']:,} objects were examined afterwards, reachable or not; {proof['keys_left']} keys "
        f"found. {proof['trees_compared']:,} pairs of trees were compared: nothing but "
        f"{proof['files_changed_in_them']:,} changes of files that held keys. {_archives(proof)}`git fsck --full`: "
        f"{'whole' if proof['fsck'] else 'not whole'}."
    )
    yield from ("", "## Keys", "", "| key | sha256 | rule |", "| --- | --- | --- |")
    yield from (f"| `{key['redacted']}` | `{key['sha256']}` | {key['rule']} |" for key in found["keys"])
    yield from ("", "## Counts", "", "| what | how many |", "| --- | --- |")
    yield from (f"| {name.replace('_', ' ')} | {count:,} |" for name, count in found["counts"].items())
    if found["containers"]:
        yield from ("", "## Archives", "", "| archive | kind | keys | action |", "| --- | --- | --- | --- |")
        yield from (f"| {_cell(one)} | {one['kind']} | {one['keys']} | {_action(one)} |" for one in found["containers"])
    yield from ("", "## First changed commits", "")
    yield from (f"* `{commit}`" for commit in found["first_changed_commits"])
    yield from ("", "## Commits, old and new", "", "```")
    yield from (f"{old} {new}" for old, new in found["commits"].items())
    yield from ("```", "", "## What remains outside", "")
    yield from (f"* {line}" for line in found["outside"])
    yield from ("", "## Afterwards", "", "```")
    yield from found["afterwards"]
    yield from ("```", "", "## Made by", "")
    yield from (f"* {name} {number}" for name, number in found["tool"].items())


def _archives(proof: dict[str, Any]) -> str:
    if not proof["containers_compared"]:
        return ""
    return (
        f"{proof['containers_compared']:,} archives were compared member by member: "
        f"{proof['members_unchanged_in_them']:,} members are what they were. "
    )


def _cell(one: dict[str, Any]) -> str:
    """The paths of an archive, in a table."""
    return ", ".join(f"`{path}`".replace("|", "\\|").replace("\n", " ") for path in one["paths"])


def _action(one: dict[str, Any]) -> str:
    return f"{one['action']}: {one['problem']}" if one["problem"] else str(one["action"])
