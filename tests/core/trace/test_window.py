"""The window: whatever GitLab answers, in the end it has our log, once and in order."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from podlane.core.trace.reply import Reply, Word
from podlane.core.trace.window import PIECE, Window


class Store:
    """A trace as GitLab stores it."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = data

    def patch(self, start: int, piece: bytes) -> Reply:
        if start == len(self.data):
            self.data += piece
        if len(self.data) == start + len(piece):
            return Reply(Word.DONE)
        return Reply(Word.OFFSET, offset=len(self.data))


def send(window: Window, store: Store, log: bytes, spoil: Callable[[Reply], Reply]) -> None:
    piece = window.next(len(log))
    if piece is not None:
        data = log[piece.start : piece.start + piece.size]
        window.answered(piece, spoil(store.patch(piece.offset, data)))


def drain(window: Window, store: Store, log: bytes) -> None:
    for _ in range(20):
        send(window, store, log, lambda reply: reply)
        if window.sent == len(log):
            return
    raise AssertionError("the log does not get there")


def test_a_lost_answer_doubles_nothing() -> None:
    window, store = Window(), Store()
    send(window, store, b"abc", lambda _: Reply(Word.AGAIN))
    drain(window, store, b"abcdef")
    assert store.data == b"abcdef"
    assert window.is_alone


def test_others_wrote_before_us_and_after_our_look() -> None:
    window, store = Window(), Store(b"before ")
    window.found(7)
    store.data += b"between "
    drain(window, store, b"a longer line of ours")
    assert store.data == b"before between a longer line of ours"
    assert not window.is_alone


def test_a_store_that_lost_all_gets_all_again() -> None:
    window, store = Window(), Store(b"others ")
    window.found(7)
    drain(window, store, b"one ")
    store.data = b""
    drain(window, store, b"one two")
    assert store.data == b"one two"


def test_the_whole_trace_again() -> None:
    window = Window()
    drain(window, Store(), b"abc")
    window.restart()
    assert window.next(3) is not None
    assert window.sent == 0


def test_the_whole_trace_again_where_nothing_was_lost() -> None:
    window, store = Window(), Store(b"before ")
    window.found(7)
    drain(window, store, b"abc")
    window.restart()
    drain(window, store, b"abcdef")
    assert store.data == b"before abcdef"


def test_the_whole_trace_again_where_all_was_lost() -> None:
    window, store = Window(), Store(b"before ")
    window.found(7)
    drain(window, store, b"abc")
    window.restart()
    store.data = b""
    drain(window, store, b"abcdef")
    assert store.data == b"abcdef"
    assert window.is_alone


def test_others_write_while_our_answers_are_lost() -> None:
    """Pieces that never came, and a shorter line of the manager's: nothing of ours is left out."""
    window, store = Window(), Store()
    for log in (b"a long line of ours, ", b"a long line of ours, twice"):
        piece = window.next(len(log))
        assert piece is not None
        window.answered(piece, Reply(Word.AGAIN))
    store.data = b"the manager's. "
    drain(window, store, log)
    assert store.data == b"the manager's. " + log


def test_a_piece_of_several_lost_ones_is_there() -> None:
    window, store = Window(), Store()
    for log in (b"one ", b"one two "):
        send(window, store, log, lambda _: Reply(Word.AGAIN))
    drain(window, store, b"one two three")
    assert store.data == b"one two three"


def test_a_server_that_tells_the_last_byte_s_place() -> None:
    class Odd(Store):
        def patch(self, start: int, piece: bytes) -> Reply:
            reply = super().patch(start, piece)
            return Reply(reply.word, offset=len(self.data) - 1)

    window, store = Window(), Odd()
    send(window, store, b"abc", lambda _: Reply(Word.AGAIN))
    drain(window, store, b"abcdef")
    assert store.data == b"abcdef"


def test_pieces_are_of_one_mebibyte() -> None:
    window = Window()
    piece = window.next(3 * PIECE)
    assert piece is not None
    assert (piece.start, piece.size) == (0, PIECE)


# longer than any piece of ours: where theirs is just as long, GitLab takes it for ours
OTHERS = b"Z" * 10_000
MISHAPS = ["ok", "lost", "gone", "wipe"]
TEXT = st.text("abc", max_size=9).map(str.encode)


def play(story: list[tuple[bytes, str]]) -> tuple[bytes, bytes, Window]:
    """Our log, and the trace that GitLab holds in the end; the lines of others are of `Z`."""
    window, store, log = Window(), Store(), b""
    for data, mishap in story:
        log += data
        if mishap == "wipe":
            store.data = b""
        elif mishap == "others":
            store.data += OTHERS
        if mishap == "gone":  # the request never came there
            piece = window.next(len(log))
            if piece is not None:
                window.answered(piece, Reply(Word.AGAIN))
        elif mishap == "restart":
            window.restart()
        else:
            is_lost = mishap == "lost"
            send(window, store, log, lambda reply, x=is_lost: Reply(Word.AGAIN) if x else reply)  # type: ignore[misc]
    log += b"!"
    drain(window, store, log)
    return log, store.data, window


@given(st.lists(st.tuples(TEXT, st.sampled_from([*MISHAPS, "restart"]))))
def test_any_mishap_ends_with_the_whole_log(story: list[tuple[bytes, str]]) -> None:
    log, stored, window = play(story)
    assert stored == log
    assert window.is_alone


@given(st.lists(st.tuples(TEXT, st.sampled_from(["ok", "gone", "others"]))))
def test_what_others_write_takes_nothing_away(story: list[tuple[bytes, str]]) -> None:
    log, stored, _ = play(story)
    assert stored.replace(b"Z", b"") == log


@given(st.lists(st.tuples(TEXT, st.sampled_from(["ok", "lost", "gone", "others", "restart"]))))
def test_with_lost_answers_as_well_nothing_is_missing(story: list[tuple[bytes, str]]) -> None:
    log, stored, _ = play(story)
    left = iter(stored.replace(b"Z", b""))
    assert all(byte in left for byte in log)
