"""`labels`, at the top and in `[[runners]]`: what GitLab and usage logs tell of a runner."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

MOST = 32
_KEY = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{2,64}")
_VALUE = re.compile(r"[a-zA-Z0-9._-]{1,256}")


def good(labels: Mapping[str, str]) -> dict[str, str]:
    """Those that have no fault of their own, which need not be told for each runner again."""
    return {
        key: text for key, text in labels.items() if _KEY.fullmatch(key) and _VALUE.fullmatch(text)
    }


def faults(labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """`labels` may be those of the whole file or a runner's, the file's among them."""
    for key, value in labels.items():
        if not _KEY.fullmatch(key):
            yield _dotted(key), "is no label: 3 to 65 letters, digits, `.`, `_`, `-`"
        elif not _VALUE.fullmatch(value):
            yield _dotted(key), "must be 1 to 256 letters, digits, `.`, `_`, `-`"
    if len(labels) > MOST:
        yield "labels", f"are {len(labels)} with those of the whole file; {MOST} are allowed"


def _dotted(key: str) -> str:
    return f'labels."{key}"' if "." in key else f"labels.{key}"
