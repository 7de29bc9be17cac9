"""Commits and tags in their parts."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from keyguard.scrub.headers import Ids, parsed, with_tree

LINES = st.lists(st.sampled_from([b"tree 1", b"x", b"x ", b" y", b"  z", b"", b"mergetag object 2", b"\xff\0"]))


@given(LINES.map(b"\n".join) | st.binary())
@example(b"")
@example(b"tree 1\n\n")
@example(b"tree 1\nno message")
def test_what_is_parsed_is_written_again_byte_for_byte(data: bytes) -> None:
    assert parsed(data).written() == data


def test_a_header_may_have_several_lines_or_no_value() -> None:
    assert parsed(b"tree 1\nx-one a\n \n  b\nx-two\n\nwords\n\nmore").headers == (
        (b"tree", b" 1"),
        (b"x-one", b" a\n \n  b"),
        (b"x-two", b""),
    )


def test_a_commit_without_signature_on_parents_that_stay_keeps_every_byte_but_its_tree() -> None:
    commit = b"tree 1\nparent 2\nauthor  <>  7 +9\nx\n y\nencoding \n\n\0words 2222222"

    assert with_tree(commit, "5", {}, None, Ids((), {})) == commit.replace(b"tree 1", b"tree 5")


def test_ids_that_could_be_of_several_commits_stay() -> None:
    ids = Ids(["abcdef01", "abcdef02", "abcdef1", "1234567a"], {"abcdef01": "99999999", "1234567a": "88888888"})

    assert ids.renewed(b"abcdef0 abcdef01 xabcdef01 1234567 abcdef02") == b"abcdef0 99999999 xabcdef01 8888888 abcdef02"
