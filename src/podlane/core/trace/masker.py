"""One masker for every byte that leaves the job: values, URL parameters, tokens by their prefix."""

from __future__ import annotations

from collections.abc import Iterable

from podlane.core.trace.phrases import PhraseMask, Phrases
from podlane.core.trace.runs import RunMask, token_kind, url_kind


class Masker:
    """Feed bytes in, get masked bytes out. `flush` at the end of a step: nothing is held longer.

    `phrases` may be shared with other maskers, and grow.
    """

    def __init__(self, phrases: Phrases, prefixes: Iterable[str]) -> None:
        self._stages = (
            PhraseMask(phrases),
            RunMask(url_kind()),
            RunMask(token_kind(prefixes)),
        )

    def feed(self, data: bytes) -> bytes:
        for stage in self._stages:
            data = stage.feed(data)
        return data

    def flush(self) -> bytes:
        data = b""
        for stage in self._stages:
            data = stage.feed(data) + stage.flush()
        return data


def mask_text(text: str, secrets: Iterable[str], prefixes: Iterable[str]) -> str:
    """Mask one text that stands for itself."""
    masker = Masker(Phrases(secret.encode() for secret in secrets), prefixes)
    return (masker.feed(text.encode()) + masker.flush()).decode(errors="replace")
