"""A text with expressions in `${{ }}`, and what it becomes."""

from __future__ import annotations

from podlane.core.text.moa.operators import Context
from podlane.core.text.moa.parse import parse_template
from podlane.core.text.moa.values import MoaError, text


def interpolate(source: str, context: Context) -> str:
    """Replace each expression by its value, as text. MoaError where that cannot be."""
    if "${{" not in source:
        return source
    try:
        return text(parse_template(source)(context))
    except RecursionError:
        raise MoaError("it is too long") from None
    except OverflowError:
        raise MoaError("a number is too large") from None
