"""Whole secret values out of a stream of bytes, however the stream is cut.

All occurrences count, overlapping ones too: what they cover together becomes one `[MASKED]`, so no
piece of a secret is left where two overlap or one begins another. Bytes that may be the beginning
of a secret are held back until more has come, or until `flush`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

MASK = b"[MASKED]"
_WORD = 4
_BEGINNING = 48
_FEW = 200  # so many searches of a text cost less than one look at each of its words


class Phrases:
    """The secrets of a job, ready to be looked for. Several streams share them, and more may come.

    Few are searched one by one. Of many, only those whose first four bytes stand somewhere in the
    text: one look at each four bytes, which C does, in place of a thousand searches.
    """

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self._all: dict[bytes, None] = {}
        self._short: list[bytes] = []
        self._long: list[bytes] = []
        self._by_word: dict[int, list[bytes]] = {}
        self._words: set[int] = set()
        self._beginnings: set[bytes] = set()
        self._most = 0
        for secret in secrets:
            self.add(secret)

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(self, secret: bytes) -> None:
        if not secret or secret in self._all:
            return
        self._all[secret] = None
        if len(secret) < _WORD:
            self._short.append(secret)
        else:
            (word,) = struct.unpack("=I", secret[:_WORD])
            self._by_word.setdefault(word, []).append(secret)
            self._words.add(word)
        if len(secret) - 1 > _BEGINNING:
            self._long.append(secret)
        sizes = range(1, min(len(secret) - 1, _BEGINNING) + 1)
        self._beginnings.update(secret[:size] for size in sizes)
        self._most = max([self._most, *sizes])

    def spans(self, text: bytes) -> list[tuple[int, int]]:
        """Where secrets stand in `text`, in order, merged where they overlap."""
        found: list[tuple[int, int]] = []
        for secret in self._candidates(text):
            at = text.find(secret)
            while at >= 0:
                found.append((at, at + len(secret)))
                at = text.find(secret, at + 1)
        return _merged(sorted(found)) if found else found

    def open_from(self, text: bytes) -> int:
        """The first place from which the end of `text` is the beginning of a secret."""
        size = len(text)
        first = size
        for length in range(min(self._most, size), 0, -1):
            if text[size - length :] in self._beginnings:
                first = size - length
                break
        for secret in self._long:
            at = text.find(secret[:_BEGINNING], max(0, size - len(secret) + 1), first + _BEGINNING)
            while 0 <= at < first:
                if secret.startswith(text[at:]):
                    first = at
                at = text.find(secret[:_BEGINNING], at + 1, first + _BEGINNING)
        return first

    def _candidates(self, text: bytes) -> Iterable[bytes]:
        """The secrets that may stand in `text`: all of them, if they are few."""
        if len(self._all) <= _FEW:
            return self._all
        view, seen = memoryview(text), set[int]()
        for shift in range(min(_WORD, len(text))):
            end = len(text) - (len(text) - shift) % _WORD
            seen |= self._words.intersection(view[shift:end].cast("I"))
        return [*self._short, *(secret for word in seen for secret in self._by_word[word])]


class PhraseMask:
    """Feed bytes in, get masked bytes out."""

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        if not self._phrases:
            return data
        text = self._held + data if self._held else data
        spans = self._phrases.spans(text)
        cut = self._phrases.open_from(text)
        for start, end in spans:
            if start < cut < end:
                cut = start
        self._held = text[cut:]
        return _replace(text[:cut], [span for span in spans if span[1] <= cut])

    def flush(self) -> bytes:
        """Release what was held back: no more bytes will come."""
        text, self._held = self._held, b""
        return _replace(text, self._phrases.spans(text))


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged = [spans[0]]
    for start, end in spans[1:]:
        last_start, last_end = merged[-1]
        if start < last_end:
            merged[-1] = (last_start, max(last_end, end))
        else:
            merged.append((start, end))
    return merged


def _replace(text: bytes, spans: list[tuple[int, int]]) -> bytes:
    if not spans:
        return text
    pieces: list[bytes] = []
    done = 0
    for start, end in spans:
        pieces += (text[done:start], MASK)
        done = end
    pieces.append(text[done:])
    return b"".join(pieces)
