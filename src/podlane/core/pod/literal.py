"""Two small things every manifest needs: text that Kubernetes leaves alone, and no empty keys."""

from __future__ import annotations

from typing import Any

_ALSO_EMPTY = ("emptyDir", "labels", "annotations", "data", "labelSelector", "namespaceSelector")
_WORDS_OF_THEIR_OWN = (*_ALSO_EMPTY, "nodeSelector", "matchLabels", "volumeAttributes")


def literal(text: str) -> str:
    """Write text so that it arrives as it is: in a pod spec `$$` is `$` and `$(NAME)` expands."""
    return text.replace("$", "$$")


def without_empty(value: Any) -> Any:
    """Drop what is empty from a manifest; False and 0 say something, and so does `emptyDir: {}`.

    What stands in maps of people's own words is theirs: a label's value may be empty.
    """
    if isinstance(value, dict):
        kept = {
            key: item if key in _WORDS_OF_THEIR_OWN else without_empty(item)
            for key, item in value.items()
        }
        return {
            key: item
            for key, item in kept.items()
            if item is not None and (key in _ALSO_EMPTY or item not in ("", [], {}))
        }
    if isinstance(value, list | tuple):
        return [without_empty(item) for item in value]
    return value
