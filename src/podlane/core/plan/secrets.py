"""The `secrets:` of the job: where the helper fetches each, and where none may be used.

The values never enter the cluster: the plan holds a mark where one belongs, and the helper puts it
in. What Kubernetes itself reads (image names, the environment of services) can have no such mark.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from podlane.core.job.payload import Job, Variable
from podlane.core.job.secret import GitLab, Provider
from podlane.core.job.variables import Reader
from podlane.core.plan.flags import Flags
from podlane.core.plan.model import JobPlan, Note, SecretRequest, Secrets
from podlane.core.plan.settings import SECRETS_RETRIEVAL_ATTEMPTS, read
from podlane.core.text import token
from podlane.errors import JobRefused

# NUL is taken out of every payload, so no text of a job can hold such a mark
_MARK = re.compile("\0secret ([^\0]*)\0")
_MAY_HOLD = ("variables", "scripts", "trace", "notes")


def mark(key: str) -> str:
    """What stands for the value of the secret `key` until the helper has it."""
    return f"\0secret {key}\0"


def marked(text: str) -> tuple[str, ...]:
    """The secrets whose value belongs in `text`."""
    return tuple(dict.fromkeys(_MARK.findall(text)))


def fill(text: str, found: dict[str, str]) -> str:
    """Put the values in; a secret that was not found leaves nothing."""
    return _MARK.sub(lambda match: found.get(match[1], ""), text) if "\0" in text else text


def variables(job: Job) -> list[Variable]:
    """A variable for each secret that somebody can resolve: masked, raw, a file unless told not."""
    return [
        Variable(key=key, value=mark(key), masked=True, raw=True, file=secret.file)
        for key, secret in job.secrets.items()
        if secret.provider is not None
    ]


def secrets(job: Job, flags: Flags, reader: Reader) -> Secrets:
    """What is to be fetched, and how hard. JobRefused when one secret is needed for another."""
    return Secrets(
        requests=tuple(
            SecretRequest(key, _expanded(key, secret.provider, reader))
            for key, secret in job.secrets.items()
            if secret.provider is not None
        ),
        are_needed=flags["FF_SECRET_RESOLVING_FAILS_IF_MISSING"],
        attempts=read(SECRETS_RETRIEVAL_ATTEMPTS, reader),
    )


def complaints(job: Job) -> tuple[Note, ...]:
    return tuple(
        Note(f"The secret {key[:100]} is not resolved: podlane knows no such provider", "warning")
        for key, secret in job.secrets.items()
        if secret.provider is None
    )


def refuse_misuse(plan: JobPlan) -> None:
    """JobRefused when a part of the plan that Kubernetes or a file name needs holds a secret."""
    for name in ("image", *plan.__struct_fields__):
        if name not in _MAY_HOLD:
            refuse_in(f"its {name.replace('_', ' ')}", getattr(plan, name))


def refuse_in(where: str, value: Any) -> None:
    """JobRefused when `value`, which is part of `where`, holds the mark of a secret."""
    text = token.encode_revealed(value).decode().replace("\\u0000", "\0")
    if keys := marked(text):
        raise JobRefused(
            f"The job uses the secret {keys[0][:100]} in {where}, where podlane cannot put it: "
            "secrets are fetched inside the pod, so that their values never enter the cluster",
            hint="use it in the script, or hand this value over as a masked CI/CD variable",
            reference="secret-out-of-reach",
        )


def _expanded(key: str, provider: Provider, reader: Reader) -> Provider:
    """GitLab's own manager is sent with everything filled in; elsewhere users write variables."""
    if isinstance(provider, GitLab):
        return provider
    raw = _expand(msgspec.to_builtins(provider, enc_hook=_reveal), reader)
    refuse_in(f"what fetches the secret {key[:100]}", raw)
    return token.convert(raw, type(provider))


def _expand(value: Any, reader: Reader) -> Any:
    if isinstance(value, dict):
        return {name: _expand(item, reader) for name, item in value.items()}
    return reader.expand(value, key="secrets") if isinstance(value, str) else value


def _reveal(value: Any) -> Any:
    return value.reveal()
