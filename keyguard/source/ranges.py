"""Which commits a range means: its words, or what a CI system or a push says, made into ids of this repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from keyguard.ci import Build
from keyguard.errors import RangeError, UsageError
from keyguard.git.brought import number_of_commits
from keyguard.git.command import Git

_ZEROS = re.compile(r"0{40}(0{24})?")
_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


class Empty(Enum):
    """What a range without commits means."""

    WRONG = "commits were expected: an error"
    TREE = "nothing new came: its head's tree is looked at all the same"
    FINE = "nothing was sent"


@dataclass(frozen=True, slots=True)
class CommitRange:
    """What `heads` reach and `bases` do not; all are hex ids.

    A key counts as known if the tree of one of `trees` holds it, or, with `boundary`, that of a commit which
    the range stands on. `policy` is the commit whose configuration holds. With `tags`, the annotated tags of
    this repository that point into the range are part of it. `whole` is the CI system's setting for a whole clone.
    """

    heads: tuple[str, ...]
    bases: tuple[str, ...]
    why: str
    trees: tuple[str, ...] = ()
    boundary: bool = False
    policy: str | None = None
    tags: bool = True
    empty: Empty = Empty.WRONG
    whole: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """A ref that a push moves: its name there, what it shall be and what it was (None: not there)."""

    ref: str
    new: str | None
    old: str | None


def named(git: Git, text: str) -> CommitRange:
    """The range that `BASE..HEAD` means. A BASE of zeros: what is on no other remote branch.

    Raises UsageError where it is no such text, RangeError where an end of it is not here.
    """
    base, dots, head = text.partition("...") if "..." in text else text.partition("..")
    if not dots:
        raise UsageError(f"{text}: name the commits as BASE..HEAD, as in `keyguard commits origin/main..HEAD`")
    if is_zeros(base):
        branch = git.attempt("rev-parse", "--symbolic-full-name", "--end-of-options", head or "HEAD")[1]
        name = branch.decode("utf-8", "replace").split("\n")[-2:][0].removeprefix("refs/heads/")
        known = None if name in ("", "HEAD") else name
        return _new(
            git, Build("", f"what {head or 'HEAD'} has and no other remote branch", head or "HEAD", branch=known)
        )
    known, new = _found(git, base or "HEAD"), _found(git, head or "HEAD")
    return CommitRange((new,), (known,), text, trees=(known,), policy=known)


def of_build(git: Git, build: Build) -> CommitRange:
    """The range that a CI system says was pushed or is to be merged.

    Raises RangeError where an end of it is not in this clone.
    """
    if build.head is None:
        return CommitRange((), (), build.why, empty=Empty.FINE)
    head = _head(git, build)
    if build.base is not None and is_zeros(build.base):
        return _new(git, build)
    if build.base is None and build.target is None:
        name = build.default or _default_name(git)
        policy = _branch(git, name) if name else None
        return CommitRange((head,), (), f"{build.why}: the whole history", policy=policy or head, whole=build.whole)
    base = object_id(git, build.base) if build.base else _branch(git, build.target or "")
    if base is not None:
        empty = _emptiness(git, build, base, head)
        return CommitRange((head,), (base,), build.why, (base,), policy=base, empty=empty, whole=build.whole)
    if build.rewritable and not is_shallow(git):
        note = f"The push replaced {(build.base or '')[:12]}, which is in this clone no more: judged as a new branch."
        return _noted(_new(git, build), note)
    raise _absent(git, build)


def of_push(git: Git, remote: str, updates: Sequence[Update], why: str) -> CommitRange:
    """What a push brings to a remote: nothing that a branch of it, as last seen, has already."""
    heads = tuple(update.new for update in updates if update.new)
    replaced = tuple(update.old for update in updates if update.old and object_id(git, update.old))
    bases = tuple(dict.fromkeys((*replaced, *refs(git, f"refs/remotes/{remote}/").values())))
    return CommitRange(heads, bases, why, replaced, boundary=True, tags=False, empty=Empty.FINE)


def unpushed(git: Git, remote: str, also: Iterable[str] = ()) -> CommitRange:
    """What the local branches and tags have and the remote, as last seen, has not."""
    known = [*refs(git, "refs/heads/").values(), *refs(git, "refs/tags/").values()]
    heads = [oid for name in also if (oid := object_id(git, name))]
    updates = [Update("", oid, None) for oid in dict.fromkeys((*heads, *known))]
    return of_push(git, remote, updates, f"what branches and tags here have and {remote or 'the remote'} has not")


def received(git: Git, updates: Sequence[Update]) -> CommitRange:
    """What a push brings to the repository that receives it: nothing that any ref of it has already."""
    heads = tuple(dict.fromkeys(update.new for update in updates if update.new))
    replaced = tuple(update.old for update in updates if update.old)
    names = ", ".join(update.ref for update in updates if update.new) or "nothing but deletions"
    return CommitRange(
        heads, tuple(dict.fromkeys(refs(git, "refs/").values())), f"a push to {names}", replaced, boundary=True,
        policy=object_id(git, "HEAD^{commit}"), tags=False, empty=Empty.FINE,
    )  # fmt: skip


def is_zeros(text: str) -> bool:
    """Whether it is the id that stands for no object."""
    return bool(_ZEROS.fullmatch(text))


def object_id(git: Git, name: str) -> str | None:
    """The id of the commit or tag that a name stands for; None where it is not here."""
    code, printed, _ = git.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{object}}")
    return None if code else printed.decode("ascii").strip()


def is_shallow(git: Git) -> bool:
    return git.run("rev-parse", "--is-shallow-repository").strip() == b"true"


def refs(git: Git, below: str) -> dict[str, str]:
    """The refs below a prefix, with what they point at. Symbolic ones are left out: they point at another."""
    listed = git.run("for-each-ref", "--format=%(objectname)%00%(symref)%00%(refname)", "--", below)
    rows = (line.split(b"\0") for line in listed.split(b"\n") if line)
    return {
        name.decode("utf-8", "surrogateescape"): oid.decode("ascii") for oid, symbolic, name in rows if not symbolic
    }


def mend(git: Git, fetch: str, whole: str | None) -> str:
    """What to do where `fetch` is not in the clone: one command, and the setting that spares it."""
    depth = " --unshallow" if is_shallow(git) else ""
    return f"`git fetch{depth} origin{fetch}`" + (f", or {whole}" if whole else "")


def _found(git: Git, name: str) -> str:
    oid = object_id(git, name)
    if oid is None:
        # A name of the form origin/main is what `git fetch origin` brings; an id has to be asked for.
        fetch = f" {name}" if _ID.fullmatch(name) else ""
        raise RangeError(f"{name} is not in this clone, so nothing was examined: {mend(git, fetch, None)}")
    return oid


def _head(git: Git, build: Build) -> str:
    name = build.head or "HEAD"
    oid = object_id(git, name)
    if oid is None:
        remedy = mend(git, f" {build.fetch or name}", build.whole)
        raise RangeError(f"{build.why}: its head {name} is not in this clone, so nothing was examined: {remedy}")
    return oid


def _absent(git: Git, build: Build) -> RangeError:
    what = build.base if build.base else f"the branch {build.target}"
    fetch = f" {build.base}"
    if not build.base:
        name = (build.target or "").removeprefix("refs/heads/")
        fetch = f" +refs/heads/{name}:refs/remotes/origin/{name}"
    remedy = mend(git, fetch, build.whole)
    return RangeError(f"{build.why}: its base, {what}, is not in this clone, so nothing was examined: {remedy}")


def _emptiness(git: Git, build: Build, base: str, head: str) -> Empty:
    """A push may also take a branch back to where it was; a pull request always brings something."""
    if not build.rewritable or base == head:
        return Empty.WRONG
    return Empty.WRONG if git.attempt("merge-base", "--is-ancestor", head, base)[0] else Empty.TREE


def _new(git: Git, build: Build) -> CommitRange:
    """What a new branch or tag brings: what no other remote branch has.

    Where that is nothing, another branch may have come with the same push and hide it. Then the default branch
    alone is its base, and for the default branch itself nothing is.
    """
    head = _head(git, build)
    others = {
        oid
        for ref, oid in refs(git, "refs/remotes/").items()
        if (oid != head if build.branch is None else _name_there(ref) != build.branch)
    }
    name = build.default or _default_name(git)
    default = _branch(git, name) if name else None
    known = CommitRange((head,), tuple(sorted(others)), build.why, boundary=True, policy=default, whole=build.whole)
    if number_of_commits(git, known.heads, known.bases):
        return known
    if default is None or build.branch in (None, name):
        return replace(known, bases=(), why=f"{build.why}: the whole history")
    return replace(known, bases=(default,), trees=(default,), boundary=False, empty=Empty.TREE)


def _default_name(git: Git) -> str | None:
    """The name of the default branch, as the clone has it from its remote."""
    code, printed, _ = git.attempt("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    return None if code else _name_there(printed.decode("utf-8", "surrogateescape").rstrip("\n"))


def _name_there(ref: str) -> str:
    """What the remote itself calls the branch that a remote-tracking ref stands for."""
    return ref.removeprefix("refs/remotes/").partition("/")[2]


def _branch(git: Git, name: str) -> str | None:
    """Where a branch of a remote stands, `origin` before others."""
    name = name.removeprefix("refs/heads/")
    here = refs(git, "refs/remotes/")
    return here.get(f"refs/remotes/origin/{name}") or next(
        (oid for ref, oid in here.items() if _name_there(ref) == name), None
    )


def _noted(commits: CommitRange, note: str) -> CommitRange:
    return replace(commits, notes=(*commits.notes, note))


def annotated_tags(git: Git) -> dict[str, tuple[str, bytes]]:
    """The tag objects that refs name: what each points at, and its name."""
    listed = git.run(
        "for-each-ref", "--format=%(objecttype) %(objectname) %(*objectname) %(refname:strip=2)", "refs/tags/"
    )
    rows = (line.split(b" ", 3) for line in listed.split(b"\n") if line.startswith(b"tag "))
    return {tag.decode("ascii"): (target.decode("ascii"), name) for _, tag, target, name in rows}
