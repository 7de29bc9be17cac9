"""git hooks without a framework: put beside those that are there, and taken away again without a trace.

This works on the user's own repository and configuration, and lets GitPython ask and set them.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keyguard.errors import NotARepositoryError, UsageError
from keyguard.hook_script import KEPT, beside, for_all, parsed

if TYPE_CHECKING:
    from git import Git, Repo

LOCAL = ("pre-commit", "pre-merge-commit", "commit-msg", "pre-push")
SERVER = ("pre-receive",)
# With core.hooksPath git looks for no hook of the repository itself, so each of these has to be handed on.
# Not reference-transaction: it runs several times for each ref that moves.
HANDED_ON = (
    "applypatch-msg", "pre-applypatch", "post-applypatch", "prepare-commit-msg", "post-commit", "pre-rebase",
    "post-checkout", "post-merge", "post-rewrite", "sendemail-validate", "post-index-change", "pre-auto-gc",
    "pre-receive", "update", "proc-receive", "post-receive", "post-update", "push-to-checkout",
)  # fmt: skip
SETTINGS = {"hooks-path": "core.hooksPath", "template": "init.templateDir"}

_HUSKY = """\
.husky/pre-commit          keyguard hook pre-commit
.husky/pre-merge-commit    keyguard hook pre-merge-commit
.husky/commit-msg          keyguard hook commit-msg "$1"
.husky/pre-push            keyguard hook pre-push "$@"
"""
_LEFTHOOK = """\
pre-commit: {commands: {keyguard: {run: keyguard hook pre-commit}}}
pre-merge-commit: {commands: {keyguard: {run: keyguard hook pre-merge-commit}}}
commit-msg: {commands: {keyguard: {run: "keyguard hook commit-msg {1}"}}}
pre-push: {commands: {keyguard: {run: "keyguard hook pre-push {1} {2}", use_stdin: true}}}
"""
_TRACKED = """\
pre-commit          keyguard hook pre-commit || exit
pre-merge-commit    keyguard hook pre-merge-commit || exit
commit-msg          keyguard hook commit-msg "$1" || exit
pre-push            keyguard hook pre-push "$@" || exit
"""
_LEFTHOOK_FILES = [f"{dot}lefthook.{kind}" for dot in ("", ".") for kind in ("yml", "yaml", "toml", "json")]


class KeptByOthersError(UsageError):
    """Another program keeps the hooks. `lines` are what to add to its files, and where."""

    def __init__(self, message: str, lines: str) -> None:
        super().__init__(message)
        self.lines = lines


def install(folder: Path, command: Sequence[str], names: Sequence[str] = ()) -> list[str]:
    """Put hooks into the repository around a folder; what was done, a line a hook.

    `command` is how keyguard is called. Without `names` those that make sense there.

    Raises KeptByOthersError where another program keeps the hooks, and UsageError where they cannot be written.
    """
    repo = _repository(folder)
    place = _hooks_of(repo)
    _refuse_others(repo, place)
    with _writing(place):
        return _put_all(place, names or (SERVER if repo.bare else LOCAL), command)


def uninstall(folder: Path) -> list[str]:
    """Take keyguard's hooks away and put back what they took the place of; what was done."""
    place = _hooks_of(_repository(folder))
    with _writing(place):
        return _take_all(place) or ["There is no hook of keyguard's here."]


def install_for_all(way: str, home: Path, command: Sequence[str], env: Mapping[str, str]) -> list[str]:
    """Put hooks where all of the user's repositories find them (`hooks-path`), or all new ones (`template`).

    `home` is keyguard's own folder for that. A folder that the user has set already is used as it is.

    Raises UsageError where the hooks or git's global configuration cannot be written.
    """
    _check_global_file(env)
    setting = SETTINGS[way]
    known = _setting(setting)
    inside = "hooks" if way == "template" else ""
    if known is not None and Path(known) != home / way:
        place = Path(known).expanduser() / inside
        with _writing(place):
            return _put_all(place, LOCAL, command)
    place = home / way / inside
    with _writing(place):
        place.mkdir(parents=True, exist_ok=True)
        for name in LOCAL:
            _write(place / name, beside(name, command) if way == "template" else for_all(name, command))
        for name in HANDED_ON if way == "hooks-path" else ():
            _write(place / name, for_all(name, None))
        if known is None:
            _set(setting, home / way, env)
    return [f"{place}: {', '.join(LOCAL)} ({setting})"]


def uninstall_for_all(home: Path, env: Mapping[str, str]) -> list[str]:
    """Undo every `install_for_all`; what was done."""
    _check_global_file(env)
    done = []
    for way, setting in SETTINGS.items():
        known = _setting(setting)
        if known is None:
            continue
        own = Path(known) == home / way
        place = Path(known).expanduser() / ("hooks" if way == "template" else "")
        with _writing(place):
            done += _take_all(place)
            if own:
                _unset(setting, home / way, env)
                done.append(f"{setting} is no longer set")
    _remove_empty(home / "template" / "hooks", home / "template", home / "hooks-path", home)
    return done or ["There is no hook of keyguard's for all repositories."]


def _repository(folder: Path) -> Repo:
    from git import InvalidGitRepositoryError, NoSuchPathError, Repo

    try:
        return Repo(folder, search_parent_directories=True, expand_vars=False)
    except (InvalidGitRepositoryError, NoSuchPathError) as error:
        raise NotARepositoryError("this is not a git repository: run `keyguard install` inside one") from error


def _hooks_of(repo: Repo) -> Path:
    """Where git looks for this repository's hooks: of linked worktrees that is one folder."""
    path = Path(repo.git.rev_parse("--git-path", "hooks"))
    return Path(os.path.normpath(Path(repo.working_dir) / path))


def _refuse_others(repo: Repo, place: Path) -> None:
    """Raises KeptByOthersError where something else keeps this repository's hooks."""
    scoped = repo.git.config("--show-scope", "--get", "core.hooksPath", with_exceptions=False)
    scope, _, path = scoped.partition("\t")
    if scope in ("global", "system"):
        raise UsageError(
            f"core.hooksPath is {path} for all repositories, so git does not look at this one's hooks: "
            "use `keyguard install --global --by hooks-path`"
        )
    top = repo.working_tree_dir
    if top is None:
        return
    if ".husky" in place.parts:
        raise KeptByOthersError(
            "husky keeps the hooks of this repository: add these lines to its files, in pre-push before anything "
            "that reads standard input",
            _HUSKY,
        )
    used = next((name for name in _LEFTHOOK_FILES if (Path(top) / name).exists()), None)
    if used or any(b"lefthook" in _content(place / name) for name in LOCAL):
        raise KeptByOthersError(
            "lefthook keeps the hooks of this repository: add these lines to "
            f"{used or 'lefthook.yml'}, and run `lefthook install`",
            _LEFTHOOK,
        )
    if path and repo.git.ls_files("--", str(place), with_exceptions=False):
        raise KeptByOthersError(
            f"the hooks of this repository are files of it, in {path}: add these lines to them", _TRACKED
        )


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    """Raises UsageError where the system does not let this write hooks into a folder."""
    try:
        if place.exists() and not place.is_dir():
            raise UsageError(
                f"{place}: is no folder, so that no hook can stand there (git looks where core.hooksPath says)"
            )
        yield
    except OSError as error:
        raise UsageError(f"{place}: hooks cannot be changed there: {error.strerror}") from error


def _put_all(place: Path, names: Sequence[str], command: Sequence[str]) -> list[str]:
    for name in names:
        _check(place, name)
    made = not place.exists()
    place.mkdir(parents=True, exist_ok=True)
    return [_put(place, name, command, made) for name in names]


def _check(place: Path, name: str) -> None:
    """Raises UsageError where a hook cannot be put in place without losing something."""
    hook, kept = place / name, place / KEPT.format(name)
    script = parsed(_content(hook))
    if script and not script.ours:
        raise UsageError(
            f"{hook}: was written by keyguard and changed since; move your changes elsewhere and delete it"
        )
    if not script and os.path.lexists(hook) and os.path.lexists(kept):
        raise UsageError(
            f"{hook}: is no hook of keyguard's, yet {kept.name} is there too; delete the one that is not needed"
        )


def _put(place: Path, name: str, command: Sequence[str], made: bool) -> str:
    hook, kept = place / name, place / KEPT.format(name)
    script = parsed(_content(hook))
    text = beside(name, command, made=script.made if script else made)
    if script is None and os.path.lexists(hook):
        os.replace(hook, kept)
    was = _content(hook) == text.encode()
    if not was:
        _write(hook, text)
    before = f", after the hook that was there ({kept.name})" if os.path.lexists(kept) else ""
    return f"{hook}: {'there already' if was else 'installed'}{before}"


def _take_all(place: Path) -> list[str]:
    found = [(path, script) for path in _files(place) if (script := parsed(_content(path)))]
    for path, script in found:
        if not script.ours:
            raise UsageError(
                f"{path}: was written by keyguard and changed since; move your changes elsewhere and delete it"
            )
    done = [_take(path) for path, _ in found]
    if any(script.made for _, script in found):
        _remove_empty(place)
    return done


def _take(hook: Path) -> str:
    kept = hook.with_name(KEPT.format(hook.name))
    if os.path.lexists(kept):
        os.replace(kept, hook)
        return f"{hook}: as it was before"
    hook.unlink()
    return f"{hook}: taken away"


def _files(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from sorted(path for path in place.iterdir() if not path.name.endswith(KEPT.format("")))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _write(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(text.encode())
        aside.chmod(0o755)
        os.replace(aside, path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def _remove_empty(*folders: Path) -> None:
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


@dataclass(frozen=True, slots=True)
class _Before:
    """What setting a value alters besides: whether the file is new, and whether its last line had no end."""

    new: bool
    unended: bool


def _git() -> Git:
    from git import Git

    return Git()


def _setting(name: str) -> str | None:
    found: str = _git().config("--global", "--get", "--type=path", name, with_exceptions=False)
    return found or None


def _set(name: str, value: Path, env: Mapping[str, str]) -> None:
    content = _content(_global_file(env))
    before = {"new": not _global_file(env).exists(), "unended": bool(content) and not content.endswith(b"\n")}
    (value / "before.json").write_text(json.dumps(before))
    _change_globally(name, str(value))


def _unset(name: str, value: Path, env: Mapping[str, str]) -> None:
    """Take a setting away, and what setting it had altered besides."""
    before = _Before(**json.loads((value / "before.json").read_text()))
    (value / "before.json").unlink()
    _change_globally("--unset", name)
    file = _global_file(env)
    content = _content(file)
    if before.new and not content:
        file.unlink(missing_ok=True)
    elif before.unended and content.endswith(b"\n"):
        file.write_bytes(content[:-1])


def _change_globally(*arguments: str) -> None:
    """Raises UsageError where git cannot write its global configuration."""
    from git import GitCommandError

    try:
        _git().config("--global", *arguments)
    except GitCommandError as error:
        raise UsageError(
            "git cannot write its global configuration (`git config --global --list` tells more)"
        ) from error


def _check_global_file(env: Mapping[str, str]) -> None:
    """Raises UsageError where git's global configuration is no file: git would put one in its place."""
    file = _global_file(env)
    if file.exists() and not stat.S_ISREG(file.stat().st_mode):
        raise UsageError(f"{file}: git's global configuration is no file, so that nothing can be set in it")


def _global_file(env: Mapping[str, str]) -> Path:
    """The file that `git config --global` writes (git-config(1), FILES)."""
    if named := env.get("GIT_CONFIG_GLOBAL"):
        return Path(named)
    own = Path(env.get("HOME") or Path.home()) / ".gitconfig"
    other = Path(env.get("XDG_CONFIG_HOME") or own.parent / ".config") / "git" / "config"
    return other if other.exists() and not own.exists() else own
