"""Secrets known by what stands before them: a token's prefix, a parameter's name in a URL.

The marker stays, the run of characters after it becomes `[MASKED]`. Works on a stream: a marker or
a run may be cut anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from podlane.core.trace.phrases import MASK

# gitlab-runner 19.4 masks these after FF_MASK_ALL_DEFAULT_TOKENS; we have no limit of fifteen
TOKEN_PREFIXES = (
    "glpat-", "gloas-", "gldt-", "glrt-", "glcbt-", "glrtr-", "glptt-", "glft-", "glimt-",
    "glagent-", "glsoat-", "glffct-", "_gitlab_session=", "gltok-",
)  # fmt: skip
_URL_PARAMETERS = (
    "private_token",
    "authenticity_token",
    "rss_token",
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
)


class Kind(msgspec.Struct, frozen=True):
    """One family of markers. `hints`: without one of them no text holds a marker, whatever its
    case if `any_case`; two searches in place of twenty, as nearly every text has none."""

    marker: re.Pattern[bytes]
    partial: re.Pattern[bytes]
    run: re.Pattern[bytes]
    longest: int
    markers: tuple[bytes, ...]
    hints: tuple[bytes, ...]
    any_case: bool
    masks_empty: bool


def token_kind(prefixes: Iterable[str]) -> Kind:
    markers = sorted({prefix.encode() for prefix in prefixes if prefix}, key=len, reverse=True)
    return Kind(
        marker=re.compile(b"|".join(re.escape(marker) for marker in markers) or b"(?!)"),
        partial=_partial(markers, re.NOFLAG),
        run=re.compile(rb"[A-Za-z0-9_.=-]*"),
        longest=max((len(marker) for marker in markers), default=1),
        markers=tuple(markers),
        hints=tuple({marker[:2] for marker in markers}),
        any_case=False,
        masks_empty=False,
    )


def url_kind() -> Kind:
    markers = [f"{sign}{name}=".encode() for sign in "?&" for name in _URL_PARAMETERS]
    return Kind(
        marker=re.compile(b"|".join(re.escape(marker) for marker in markers), re.IGNORECASE),
        partial=_partial(markers, re.IGNORECASE),
        run=re.compile(rb"[^?&\s\x00-\x1f\x7f]*"),
        longest=max(len(marker) for marker in markers),
        markers=tuple(markers),
        hints=(b"_token=", b"x-amz-"),
        any_case=True,
        masks_empty=True,
    )


def _partial(markers: list[bytes], flags: re.RegexFlag) -> re.Pattern[bytes]:
    """Match a beginning of a marker at the end of a text."""
    beginnings = {marker[:size] for marker in markers for size in range(1, len(marker))}
    ordered = sorted(beginnings, key=len, reverse=True)
    text = b"|".join(re.escape(beginning) for beginning in ordered) or b"(?!)"
    return re.compile(b"(?:" + text + rb")\Z", flags)


class RunMask:
    """Feed bytes in, get masked bytes out."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._held = b""
        self._in_run = False

    def feed(self, data: bytes) -> bytes:
        text = self._held + data if self._held else data
        self._held = b""
        out: list[bytes] = []
        at = self._skip_run(text)
        if self._may_hold_marker(text):
            at = self._mask_all(text, at, out)
        if not self._in_run:
            out.append(self._hold(text, at))
        return b"".join(out)

    def flush(self) -> bytes:
        """Release what was held back: no more bytes will come."""
        text, self._held, self._in_run = self._held, b"", False
        return text

    def _may_hold_marker(self, text: bytes) -> bool:
        searched = text.lower() if self._kind.any_case else text
        return any(hint in searched for hint in self._kind.hints)

    def _skip_run(self, text: bytes) -> int:
        if not self._in_run:
            return 0
        found = self._kind.run.match(text)
        end = found.end() if found else 0
        self._in_run = end == len(text)
        return end

    def _mask_all(self, text: bytes, at: int, out: list[bytes]) -> int:
        """Mask each marker's run; return where the rest of the text begins."""
        while not self._in_run:
            found = self._kind.marker.search(text, at)
            if found is None:
                break
            run = self._kind.run.match(text, found.end())
            end = run.end() if run else found.end()
            if end == found.end() == len(text) and not self._kind.masks_empty:
                break  # the next byte tells whether anything follows
            has_value = self._kind.masks_empty or end > found.end()
            out += (text[at : found.end()], MASK if has_value else b"")
            at = end
            self._in_run = end == len(text) and has_value
        return at

    def _hold(self, text: bytes, at: int) -> bytes:
        """Keep a marker, whole or begun, that stands at the very end; return what is before it."""
        start = max(at, len(text) - self._kind.longest)
        found = self._kind.partial.search(text, start)
        cut = found.start() if found else len(text)
        if not self._kind.masks_empty:
            for marker in self._kind.markers:
                if text.endswith(marker) and len(text) - len(marker) >= at:
                    cut = min(cut, len(text) - len(marker))
        self._held = text[cut:]
        return text[at:cut]
