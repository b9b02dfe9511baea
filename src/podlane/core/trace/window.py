"""What to send to GitLab next, given its last answer: no I/O, no clock.

Offsets are GitLab's: `base` bytes are others' (the manager's lines, an earlier attempt's), ours
follow. Only what GitLab has acknowledged counts as sent.
"""

from __future__ import annotations

import msgspec

from podlane.core.trace.reply import Reply, Word

PIECE = 1024 * 1024


class Piece(msgspec.Struct, frozen=True):
    """Send the `size` bytes of our log from `start` at GitLab's `offset`."""

    offset: int
    start: int
    size: int


class Window:
    def __init__(self) -> None:
        self.base = 0
        self.sent = 0
        self._most = 0  # of ours that GitLab has had
        # ends of pieces whose answers were lost: GitLab may have them
        self._unsure: set[int] = set()

    def found(self, offset: int) -> None:
        """Take GitLab's size of the trace before our first byte: it is others'."""
        self.base = offset

    def next(self, size: int) -> Piece | None:
        """The next piece of a log of `size` bytes, or None when GitLab has all of it."""
        if self.sent >= size:
            return None
        return Piece(self.base + self.sent, self.sent, min(PIECE, size - self.sent))

    def answered(self, piece: Piece, reply: Reply) -> bool:
        """Take the answer to a piece; whether something was acknowledged by it."""
        match reply.word:
            case Word.DONE:
                self.sent = self._most = piece.start + piece.size
                self._unsure.clear()
                return True
            case Word.OFFSET if reply.offset == piece.offset:
                self.sent += 1  # this server tells the last byte's place, not the size
            case Word.OFFSET if reply.offset is not None:
                return self._move(reply.offset)
            case Word.FROM_START:
                self.restart()
            case Word.AGAIN:
                self._unsure.add(piece.start + piece.size)
        return False

    def restart(self) -> None:
        """GitLab wants the whole trace again. If it has not lost it, its next answer says so."""
        self.sent = 0

    def _move(self, offset: int) -> bool:
        """Go on at GitLab's offset, back or forward, but never beyond what we have sent.

        GitLab takes a piece whole or not at all, so any other place forward is another's doing:
        then all that is not acknowledged is sent again behind it, for better twice than never.
        """
        place, unsure = offset - self.base, self._unsure
        self._unsure = set()
        if place < 0:  # more is lost than we wrote: our log is all there will be
            self.base, self.sent, self._most = offset, 0, 0
        elif place <= self._most or not unsure.isdisjoint((place, place + 1)):
            self.sent = self._most = place
            return True
        else:  # others have written between our pieces
            self.base += place - self.sent
        return False

    @property
    def is_alone(self) -> bool:
        """Tell whether all of the trace is ours, so that a checksum means something."""
        return self.base == 0
