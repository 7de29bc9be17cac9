"""What is left to do elsewhere: the commands for each remote, written for this repository and never run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from keyguard.redaction import Redaction
from keyguard.scrub.act import Done
from keyguard.scrub.superproject import to_do
from keyguard.source.remote import web_address

PUSHED = ("refs/heads/", "refs/tags/", "refs/notes/")
PULLS = ("refs/pull/", "refs/merge-requests/", "refs/pull-requests/")

HOSTS = {
    "github": (
        "GitHub: switch off the protection of branches and tags for the time of the push (Settings, Rules, Branches).",
        "GitHub: `refs/pull/*` are read-only there and keep the old commits. Ask https://support.github.com to remove",
        "  the affected pull requests' references and cached views, and to collect garbage; tell them:",
        "  the repository, the first changed commits{commits}, the affected pull requests{pulls}{lfs}.",
        "GitHub: forks keep the commits, and so does the network of forks: their owners have to scrub or delete them.",
    ),
    "gitlab": (
        "GitLab: allow force-push for the time (Settings, Repository, Protected branches and tags).",
        "GitLab: let Remove blobs or Redact text run (Settings, Repository, Repository maintenance), then",
        "  Housekeeping, wait half an hour, then Prune unreachable objects.",
        "GitLab: merge-request diffs, job logs, artifacts, wikis and forks are separate{pulls}{lfs}.",
    ),
    "bitbucket": (
        "Bitbucket: allow rewriting history for the time (Repository settings, Branch restrictions).",
        "Bitbucket: ask support to collect garbage; tell them the first changed commits{commits}{pulls}{lfs}.",
        "Bitbucket: forks keep the commits: their owners have to scrub or delete them.",
    ),
    "gitea": (
        "Gitea or Forgejo: allow force-push for the time (Settings, Branches), and have an administrator run garbage",
        "  collection of all repositories (Site administration, Maintenance){pulls}{lfs}.",
        "Gitea or Forgejo: forks and pull requests keep the commits until they are deleted.",
    ),
    "": (
        "The host: allow force-push for the time; afterwards have its administrator expire reflogs and prune",
        "  (`git reflog expire --expire=all --all && git gc --prune=now`){pulls}{lfs}. Forks keep the commits.",
    ),
}


def afterwards(done: Done, redaction: Redaction) -> list[str]:
    """The lines. No key is in them."""
    lines = [
        "Everybody else who has a clone: do not pull or merge. Clone anew, or rebase what is not pushed yet.",
        "Old clones, forks, archives and CI artifacts still hold the keys: only revocation makes them worthless.",
    ]
    around = [redaction.text(line) for line in to_do(done.plan.snapshot, done.rewritten)]
    lines += ["", *around] if around else []
    for name, url in done.plan.remotes:
        lines += ["", f"Remote {redaction.text(name)} ({web_address(url) or 'no page known'}):"]
        lines += [f"  {line}" for line in (*_pushes(name, done, redaction), *_host(url, done, redaction))]
    lines += ["", *_verified(done)]
    return lines


def _pushes(remote: str, done: Done, redaction: Redaction) -> Iterator[str]:
    """A push of each changed ref, which the remote takes only if it still has what was seen there last."""
    old, new = done.plan.snapshot.refs, done.rewritten.refs
    for name, oid in new.items():
        if name.startswith(PUSHED) and old.get(name) != oid:
            seen = old.get(f"refs/remotes/{remote}/{name.removeprefix('refs/heads/')}") or old.get(name, "")
            lease = shlex.quote(f"--force-with-lease={name}:{seen}")
            yield f"git push {lease} {shlex.quote(remote)} {shlex.quote(f'+{name}:{name}')}"
    for name in done.rewritten.ref_names:
        if name.startswith(PUSHED):
            shown = redaction.text(name)
            yield f"# delete {shown} there: its name holds a key, so find it by `git ls-remote {shlex.quote(remote)}`"


def _host(url: str, done: Done, redaction: Redaction) -> Iterator[str]:
    address = (web_address(url) or "").lower()
    kind = next((kind for kind in ("github", "gitlab", "bitbucket", "gitea") if kind in address), "")
    kind = "gitea" if any(word in address for word in ("forgejo", "codeberg")) else kind
    commits = ", ".join(done.plan.first_changed)
    pulls = ", ".join(redaction.text(name) for name in pull_requests(done))
    lfs = ", ".join(done.plan.lfs.objects)
    for line in HOSTS[kind]:
        yield line.format(
            commits=f" ({commits})" if commits else "",
            pulls=f" (seen here: {pulls})" if pulls else "",
            lfs=f"; LFS objects to delete: {lfs}" if lfs else "",
        )


def pull_requests(done: Done) -> list[str]:
    """The refs of pull requests that were changed here."""
    old = done.plan.snapshot.refs
    return [name for name, oid in done.rewritten.refs.items() if name.startswith(PULLS) and old.get(name) != oid]


def _verified(done: Done) -> Iterator[str]:
    if done.plan.first_changed:
        yield "To see that a remote has let go, in a fresh clone of it (this has to fail):"
        yield f"  git cat-file -t {done.plan.first_changed[0]}"
