"""The token by which a job's objects are made, where the job brings its own.

It is a variable of the job like any other, and so part of its plan. Nothing else keeps it.
"""

from __future__ import annotations

import re

from podlane.core.config.kubernetes import KubernetesConfig
from podlane.core.job.variables import Reader
from podlane.core.plan.secrets import refuse_in
from podlane.core.text.token import Token
from podlane.errors import JobRefused

VARIABLE = "KUBERNETES_BEARER_TOKEN"
_FORM = re.compile(r"[!-~]{8,16384}")


def bearer_token(kubernetes: KubernetesConfig, reader: Reader) -> Token:
    """Empty where the job brings none, or the runner takes none."""
    found = reader.get(VARIABLE).strip()
    if not found or not kubernetes.bearer_token_overwrite_allowed:
        return Token("")
    refuse_in(f"the variable {VARIABLE}", found)
    if not _FORM.fullmatch(found):
        raise JobRefused(
            f"{VARIABLE} is no token: it is too short, or holds signs that no token has",
            hint=f"mend {VARIABLE}; it is to be a variable of type Variable, not File",
            reference="overwrite",
        )
    return Token(found)
