"""Why a patch does not fit, in words that follow `cannot be applied: `."""

from __future__ import annotations


class PatchProblem(Exception):
    """Ends one patch; `apply` says which."""
