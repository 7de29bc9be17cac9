"""Keys in archives of a history: taken out member by member, with the same proof and the same way back."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keyguard.archive_shape import CLOSED_HEADS
from keyguard.baseline import Accepted
from keyguard.policy import Policy
from keyguard.scrub.act import act, refuse
from keyguard.scrub.certificate import as_json, as_markdown
from keyguard.scrub.described import document, lines, redaction_of
from keyguard.scrub.plan import plan
from keyguard.scrub.proof import compare_containers
from keyguard.scrub.replace import ScrubError
from keyguard.scrub.undo import undo
from keyguard.scrub.wording import Wording
from tests.archive.packing import COMPRESSED, encrypted, gzipped, tarred, zipped
from tests.conftest import Call
from tests.git.repositories import Repository
from tests.keys import Keys
from tests.scrub.scrubbing import SEARCHER, backup_of, every_file, planned, scrubbed, state

KEYS = Keys("containers")


def secret(number: int) -> bytes:
    return f"[a]\nkey = {KEYS.modern(number=number)}\n".encode()


def signed(content: bytes) -> bytes:
    return zipped({"META-INF/A.SF": b"signature", "a.properties": content})


ARCHIVES = {
    "a.zip": zipped({"x.txt": b"x", "settings.env": secret(0)}, comment=b"a comment"),
    "stored.docx": zipped({"word/document.xml": secret(1), "[Content_Types].xml": b"<Types/>"}, zipfile.ZIP_STORED),
    "b.tar": tarred({"etc/conf": secret(2), "etc/other": b"other"}),
    "c.tar.gz": gzipped(tarred({"etc/conf": secret(3), "x": b"x"}), "c.tar"),
    "d.tar.bz2": COMPRESSED["bz2"](tarred({"etc/conf": secret(4), "x": b"x"})),
    "e.xz": COMPRESSED["xz"](secret(5)),
    "deep.tar.gz": gzipped(tarred({"in.zip": zipped({"in.gz": gzipped(secret(6)), "y": b"y"}), "z": b"z"})),
    "named.zip": zipped({f"of/{KEYS.modern(number=7)}.txt": b"named"}),
    "comment.zip": zipped({"a": b"a"}, comment=secret(8)),
}


@pytest.fixture
def packed(tmp_path: Path) -> Repository:
    """A history with an archive of each kind, the last two commits of which hold none any more."""
    repository = Repository(tmp_path / "repository")
    repository.commit({"README": b"nothing\n"})
    for name, data in ARCHIVES.items():
        repository.commit({f"dist/{name}": data})
    repository("rm", "-q", "-r", "dist")
    repository.commit({})
    repository.commit({"README": b"more\n"})
    return repository


def unpacked(data: bytes) -> Iterator[bytes]:
    """A content, and all that the standard library unpacks of it."""
    yield data
    inner: list[bytes] = []
    if data.startswith(b"\x1f\x8b"):
        inner = [gzip.decompress(data)]
    elif data.startswith(b"BZh"):
        inner = [bz2.decompress(data)]
    elif data.startswith(b"\xfd7zXZ"):
        inner = [lzma.decompress(data)]
    elif data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            inner = [info.name.encode() for info in tar]
            inner += [tar.extractfile(info).read() for info in tar if info.isreg()]  # type: ignore[union-attr] # a file
    elif zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            inner = [name.encode() for name in archive.namelist()]
            inner += [archive.read(name) for name in archive.namelist()]
    for content in inner:
        yield from unpacked(content)


def everything(repository: Repository) -> bytes:
    """Every object of a repository and every file of its folder, unpacked."""
    stored = [content for _, content in repository.contents().values()]
    return b"\n".join(part for data in (*stored, *every_file(repository).values()) for part in unpacked(data))


def keys_left(repository: Repository) -> list[int]:
    found = everything(repository)
    return [number for number in range(12) if KEYS.modern(number=number).encode() in found]


def test_no_archive_of_any_format_holds_a_key_any_more(packed: Repository) -> None:
    assert keys_left(packed) == list(range(9))

    done = scrubbed(packed)

    assert done.proven
    assert keys_left(packed) == []
    assert (done.compared.containers, len(done.plan.containers)) == (9, 9)


def test_members_without_a_key_are_what_they_were(packed: Repository) -> None:
    done = scrubbed(packed)

    for name, data in ARCHIVES.items():
        commit = packed("log", "--format=%H", "--diff-filter=A", "--", f"dist/{name}")
        after = list(unpacked(packed.bytes("show", f"{commit}:dist/{name}")))
        clean = [part for part in unpacked(data) if len(part) < 30 and b"sk-" not in part]
        assert [part for part in after if part in clean] == clean
    assert done.compared.members == 9


def test_undone_everything_is_as_it_was(packed: Repository) -> None:
    before, objects = state(packed), packed.contents()
    scrubbed(packed)

    undo(packed.path, backup_of(packed))

    assert state(packed) == before
    assert objects.items() <= packed.contents().items()


def test_history_and_the_plan_see_the_same(packed: Repository, keyguard: Call) -> None:
    ran = keyguard("history", "--format", "json", cwd=packed.path)

    assert {one["sha256"] for one in ran.report["findings"]} == set(planned(packed).search.fingerprints)

    scrubbed(packed)

    assert keyguard("history", cwd=packed.path).code == 0


def test_the_plan_tells_of_every_archive_what_becomes_of_it(packed: Repository) -> None:
    packed.commit({"lib/x.jar": signed(secret(9))})
    made = planned(packed)

    told = "\n".join(lines(made))
    by_path = {one["paths"][0]: one for one in document(made)["containers"]}

    assert "  dist/c.tar.gz  gzip, 1 key\n    members with keys are replaced" in told
    assert "  lib/x.jar  zip, 1 key\n    cannot be rewritten: it is signed" in told
    assert (by_path["dist/a.zip"]["action"], by_path["lib/x.jar"]["action"]) == ("replaced", "refused")
    assert by_path["dist/deep.tar.gz"]["members"] == ["in.zip!/in.gz!/in"]
    assert not any(KEYS.modern(number=number) in told + json.dumps(by_path) for number in range(10))


@pytest.mark.parametrize("name", ["--apply", "plan"])
def test_by_default_a_scrub_does_not_begin_with_an_archive_that_cannot_be_rewritten(
    tmp_path: Path, keyguard: Call, name: str
) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"lib/x.jar": signed(secret(9))})
    before = state(repository)

    ran = keyguard("scrub", *(["--apply", "--yes"] if name == "--apply" else []), cwd=repository.path)

    said = " ".join((ran.out + ran.err).split())
    assert ran.code == (2 if name == "--apply" else 1)
    assert "lib/x.jar: it is signed" in said
    assert "--containers drop" in said
    assert state(repository) == before


def test_dropped_a_note_takes_its_place_and_the_rest_stays(tmp_path: Path, keyguard: Call) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"lib/x.jar": signed(secret(9)), "a.zip": ARCHIVES["a.zip"], "b": b"b"})
    before = state(repository)

    ran = keyguard(
        "scrub", "--apply", "--yes", "--containers", "drop", "--backup", str(backup_of(repository)),
        "--certificate", str(tmp_path / "proof.json"), cwd=repository.path,
    )  # fmt: skip

    assert ran.code == 0, ran.err
    assert keys_left(repository) == []
    note = repository("show", "HEAD:lib/x.jar")
    assert note.startswith("An archive lay here")
    assert note.endswith("-REMOVED")
    assert repository("show", "HEAD:b") == "b"
    proof = json.loads((tmp_path / "proof.json").read_text())
    assert [(one["paths"], one["action"]) for one in proof["containers"]] == [
        (["lib/x.jar"], "dropped"),
        (["a.zip"], "replaced"),
    ]
    assert proof["proof"]["containers_compared"] == 1

    undo(repository.path, backup_of(repository))

    assert state(repository) == before


def test_a_partly_encrypted_archive_is_refused_or_dropped(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"x.zip": encrypted(zipped({f"{KEYS.modern(number=9)}.txt": b"x"}))})

    made = planned(repository)

    with pytest.raises(ScrubError, match=r"x\.zip: it is encrypted"):
        refuse(made)

    dropping = plan(repository.path, SEARCHER, Wording(), drops=True)
    done = act(dropping, SEARCHER, backup_of(repository), lambda _stage: None)

    assert dropping.refusals == ()
    assert done.proven


def test_an_archive_of_a_format_that_is_not_read_is_refused_or_dropped(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"x.7z": CLOSED_HEADS["7z"] + bytes(40) + secret(9)})

    with pytest.raises(ScrubError, match=r"x\.7z: it is packed as 7z"):
        refuse(planned(repository))

    dropping = plan(repository.path, SEARCHER, Wording(), drops=True)

    assert act(dropping, SEARCHER, backup_of(repository), lambda _stage: None).proven


def test_an_archive_that_nobody_can_open_keeps_the_scrub_from_beginning_unless_its_path_is_allowed(
    tmp_path: Path, keyguard: Call
) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"x.zip": encrypted(zipped({"a": b"x"})), "a.env": secret(9)})
    config = tmp_path / "keyguard.toml"
    config.write_text('[[allow]]\npath = "x.zip"\nreason = "the password is lost"\n')

    refused = keyguard("scrub", "--apply", "--yes", "--containers", "drop", cwd=repository.path)
    done = keyguard("scrub", "--apply", "--yes", "--config", str(config), cwd=repository.path)

    assert (refused.code, "an allow for its path" in refused.err) == (2, True)
    assert done.code == 0, done.err
    assert repository.bytes("show", "HEAD:x.zip") == encrypted(zipped({"a": b"x"}))


def test_an_lfs_object_that_is_an_archive(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    content = ARCHIVES["c.tar.gz"]
    oid = hashlib.sha256(content).hexdigest()
    path = repository.git_dir / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
    repository.commit({"large.tar.gz": pointer.encode()})

    done = scrubbed(repository)

    assert done.proven
    assert done.compared.containers == 1
    (new,) = [file for file in (repository.git_dir / "lfs").rglob("*") if file.is_file()]
    assert f"oid sha256:{new.name}" in repository("show", "HEAD:large.tar.gz")
    assert hashlib.sha256(new.read_bytes()).hexdigest() == new.name
    with tarfile.open(fileobj=io.BytesIO(new.read_bytes())) as archive:
        assert archive.getnames() == ["etc/conf", "x"]
    assert keys_left(repository) == []


def test_an_archive_in_a_stash_and_one_that_nothing_leads_to(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"a.zip": zipped({"a": b"a"})})
    repository.blob(ARCHIVES["b.tar"])
    (repository.path / "a.zip").write_bytes(ARCHIVES["a.zip"])
    repository("stash", "-q")

    assert scrubbed(repository).proven

    assert keys_left(repository) == []
    with zipfile.ZipFile(io.BytesIO(repository.bytes("show", "stash@{0}:a.zip"))) as archive:
        assert archive.namelist() == ["x.txt", "settings.env"]


def test_the_work_tree_has_the_new_archive(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"a.zip": ARCHIVES["a.zip"]})

    scrubbed(repository)

    assert repository("status", "--porcelain") == ""
    with zipfile.ZipFile(repository.path / "a.zip") as archive:
        assert archive.read("x.txt") == b"x"
        assert b"-REMOVED" in archive.read("settings.env")
        assert archive.comment == b"a comment"


def test_the_proof_sees_a_member_that_should_not_have_changed(packed: Repository) -> None:
    made = planned(packed)
    one = next(one for one in made.containers if one.places == ("dist/a.zip",))
    forged = packed.blob(zipped({"x.txt": b"y", "settings.env": made.cleaner.clean(secret(0))}, comment=b"a comment"))

    with pytest.raises(ScrubError, match="would change in more"):
        compare_containers(made, made.snapshot.git, {one.oid or "": forged})


def test_a_key_that_is_accepted_stays_in_its_archive(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"a.zip": zipped({"a": secret(0), "b": secret(9)})})
    accepted = Accepted(hashlib.sha256(KEYS.modern(number=9).encode()).hexdigest(), "openai-modern", "revoked")
    searcher = replace(SEARCHER, policy=Policy(baseline=(accepted,)))

    done = act(plan(repository.path, searcher, Wording()), searcher, backup_of(repository), lambda _stage: None)

    assert done.proven
    assert keys_left(repository) == [9]


def test_what_is_said_holds_no_key(packed: Repository) -> None:
    done = scrubbed(packed)
    redaction = redaction_of(done.plan)

    said = (
        "\n".join(lines(done.plan))
        + as_json(done, redaction)
        + as_markdown(done, redaction)
        + repr(done.plan.containers)
    )

    assert [number for number in range(9) if KEYS.modern(number=number) in said] == []
    assert "archives were compared member by member" in said
