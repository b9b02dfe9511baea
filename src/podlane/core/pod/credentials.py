"""Registry credentials as the kubelet reads them: the job's DOCKER_AUTH_CONFIG, then GitLab's own.

Of two credentials for one registry the first counts. What cannot be read is left out, for one
bad entry would make the kubelet drop all of them.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from podlane.core.job.payload import Credential, Job
from podlane.core.job.variables import Variables

Auths = dict[str, dict[str, str]]


def auths(job: Job, variables: Variables) -> Auths:
    own = variables.final().get("DOCKER_AUTH_CONFIG")
    found = _read(own.value) if own else {}
    for credential in job.credentials:
        if credential.type == "registry" and credential.url:
            found.setdefault(credential.url, _entry(credential))
    return found


def docker_config(found: Auths) -> bytes:
    return json.dumps({"auths": found}, sort_keys=True).encode()


def _entry(credential: Credential) -> dict[str, str]:
    pair = f"{credential.username}:{credential.password.reveal()}"
    return {"auth": base64.b64encode(pair.encode()).decode()}


def _read(text: str) -> Auths:
    try:
        config = json.loads(text)
    except ValueError:
        return {}
    entries = config.get("auths") if isinstance(config, dict) else None
    if not isinstance(entries, dict):
        return {}
    read = {str(registry): _readable(entry) for registry, entry in entries.items()}
    return {registry: entry for registry, entry in read.items() if entry}


def _readable(entry: Any) -> dict[str, str]:
    """The pair of user and password in the one form that every kubelet reads."""
    if not isinstance(entry, dict):
        return {}
    user, password, auth = (entry.get(key) for key in ("username", "password", "auth"))
    if isinstance(auth, str) and auth and _is_pair(auth):
        return {"auth": auth.strip()}
    if isinstance(user, str) and isinstance(password, str) and user:
        return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}
    return {}


def _is_pair(auth: str) -> bool:
    try:
        return b":" in base64.b64decode(auth.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
