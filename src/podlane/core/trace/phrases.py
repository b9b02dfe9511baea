"""Whole secret values out of a stream of bytes, however the stream is cut.

All occurrences count, overlapping ones too: what they cover together becomes one `[MASKED]`, so no
piece of a secret is left where two overlap or one begins another. Bytes that may be the beginning
of a secret are held back until more has come, or until `flush`.
"""

from __future__ import annotations

from collections.abc import Iterable

MASK = b"[MASKED]"


class PhraseMask:
    """Feed bytes in, get masked bytes out."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        unique = {secret for secret in secrets if secret}
        self._secrets = sorted(unique, key=len, reverse=True)
        self._longest = len(self._secrets[0]) if self._secrets else 0
        self._by_first = {
            first: [secret for secret in self._secrets if secret[0] == first]
            for first in {secret[0] for secret in self._secrets}
        }
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        if not self._secrets:
            return data
        text = self._held + data if self._held else data
        spans = self._spans(text)
        cut = self._open_from(text)
        for start, end in spans:
            if start < cut < end:
                cut = start
        self._held = text[cut:]
        return _replace(text[:cut], [span for span in spans if span[1] <= cut])

    def flush(self) -> bytes:
        """Release what was held back: no more bytes will come."""
        text, self._held = self._held, b""
        return _replace(text, self._spans(text))

    def _spans(self, text: bytes) -> list[tuple[int, int]]:
        """Where secrets stand in `text`, merged where they overlap."""
        found: list[tuple[int, int]] = []
        for secret in self._secrets:
            at = text.find(secret)
            while at >= 0:
                found.append((at, at + len(secret)))
                at = text.find(secret, at + 1)
        return _merged(sorted(found)) if found else found

    def _open_from(self, text: bytes) -> int:
        """The first place from which the end of `text` is the beginning of a secret."""
        start = max(0, len(text) - self._longest + 1)
        tail = text[start:]
        for offset, byte in enumerate(tail):
            for secret in self._by_first.get(byte, ()):
                rest = len(tail) - offset
                if rest < len(secret) and secret.startswith(tail[offset:]):
                    return start + offset
        return len(text)


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
