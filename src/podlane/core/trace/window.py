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
                self.sent = piece.start + piece.size
                return True
            case Word.OFFSET if reply.offset is not None:
                return self._move(reply.offset, piece.start + piece.size)
            case Word.FROM_START:
                self.restart()
        return False

    def restart(self) -> None:
        """GitLab wants the whole trace again; what others wrote is lost with the rest."""
        self.base = self.sent = 0

    def _move(self, offset: int, known: int) -> bool:
        """Go on at GitLab's offset, back or forward, but never beyond what we have sent."""
        if offset < self.base:
            self.restart()
            return False
        ahead = offset - self.base
        if ahead > known:  # somebody else wrote behind our back
            self.base = offset - self.sent
            return False
        self.sent = ahead
        return True

    @property
    def is_alone(self) -> bool:
        """Tell whether all of the trace is ours, so that a checksum means something."""
        return self.base == 0
