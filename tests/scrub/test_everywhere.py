"""A repository with a key in each of more than thirty places: afterwards none, and everything else as it was."""

from __future__ import annotations

import hashlib

import pytest

from keyguard.scrub.act import Done
from keyguard.scrub.certificate import as_json, as_markdown
from keyguard.scrub.described import lines, redaction_of
from tests.scrub.places import Places, everywhere
from tests.scrub.scrubbing import every_file, every_object, scrubbed


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Places, Done]:
    places = everywhere(tmp_path_factory.mktemp("scrub") / "repository")
    return places, scrubbed(places.repository)


def test_there_are_keys_in_more_than_thirty_places(done: tuple[Places, Done]) -> None:
    places, result = done

    assert len(places.keys) > 30
    found = {finding.secret.reveal() for finding in result.plan.search.result.findings}
    assert {place for place, key in places.keys.items() if key not in found and key[::-1] not in found} == set()


def test_no_object_holds_a_key_any_more(done: tuple[Places, Done]) -> None:
    places, result = done

    objects = every_object(places.repository)

    assert [place for place, trace in places.traces() if trace in objects] == []
    assert result.proven


def test_no_file_of_the_repository_and_no_name_holds_a_key(done: tuple[Places, Done]) -> None:
    places, _ = done

    files = every_file(places.repository)

    assert [
        (place, name)
        for place, trace in places.traces()
        for name, data in files.items()
        if trace in data or trace in name.encode()
    ] == []


def test_git_finds_the_repository_whole(done: tuple[Places, Done]) -> None:
    places, _ = done

    # git does not know what the refs of linked worktrees lead to.
    assert places.repository("fsck", "--full", "--strict", "--no-dangling") == ""


def test_history_without_keys_keeps_its_ids(done: tuple[Places, Done]) -> None:
    places, result = done
    repository = places.repository

    assert {repository("cat-file", "-t", oid) for oid in places.untouched} == {"commit", "tag"}
    assert repository("rev-parse", "v0") == places.untouched[-1]
    assert places.untouched[2] in repository("rev-list", "main").split()
    assert repository("rev-parse", "clean") == result.plan.snapshot.refs["refs/heads/clean"]


def test_what_is_said_of_it_holds_no_key(done: tuple[Places, Done]) -> None:
    places, result = done
    redaction = redaction_of(result.plan)

    said = "\n".join(lines(result.plan)) + as_json(result, redaction) + as_markdown(result, redaction)

    assert [place for place, trace in places.traces() if trace.decode("latin-1") in said] == []
    assert len(result.rewritten.commits) == result.plan.counts.commits + result.plan.counts.notes_commits


def test_lfs_pointers_name_objects_that_are_there(done: tuple[Places, Done]) -> None:
    repository = done[0].repository

    _, oid, size = (line.split()[-1] for line in repository("show", "main:large.dat").splitlines())

    digest = oid.removeprefix("sha256:")
    content = (repository.git_dir / "lfs" / "objects" / digest[:2] / digest[2:4] / digest).read_bytes()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (digest, int(size))
