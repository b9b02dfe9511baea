"""What the chart's start-up script makes of a release: the variables that `register` sees."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from podlane.core.migrate.release import Release
from podlane.core.text.token import Token

TOKEN, REGISTRATION = "CI_SERVER_TOKEN", "REGISTRATION_TOKEN"
NEW_TOKEN = "glrt-"
_FILES = {
    ("accesskey", "secretkey"): ("CACHE_S3_ACCESS_KEY", "CACHE_S3_SECRET_KEY"),
    ("gcs-access-id", "gcs-private-key"): ("CACHE_GCS_ACCESS_ID", "CACHE_GCS_PRIVATE_KEY"),
    ("azure-account-name", "azure-account-key"): (
        "CACHE_AZURE_ACCOUNT_NAME",
        "CACHE_AZURE_ACCOUNT_KEY",
    ),
}
_GOOGLE = ("gcs-application-credentials-file", "gcs-applicaton-credentials-file")  # both are used


def variables(release: Release) -> dict[str, Token]:
    """The manager's own variables and those that the script sets from the mounted Secrets."""
    files = release.secrets
    found = dict(release.environment)
    for name, variable in (("runner-token", TOKEN), ("runner-registration-token", REGISTRATION)):
        if given := files.get(name):
            found[variable] = Token(given.reveal().strip())
    for names, variables_ in _FILES.items():
        if all(files.get(name) for name in names):
            texts = [files[name].reveal() for name in names]
            if "gcs-private-key" in names:
                texts = [text.replace("\\n", "\n") for text in texts]
            found |= {key: Token(text) for key, text in zip(variables_, texts, strict=True)}
    return found | _google(files)


def token(found: Mapping[str, Token]) -> Token:
    """The runner's own token; empty where the manager gets one from GitLab at its start only."""
    own = found.get(TOKEN, Token(""))
    given = found.get(REGISTRATION, Token(""))
    if not own and given.reveal().startswith(NEW_TOKEN):
        return given
    return own


def _google(files: Mapping[str, Token]) -> dict[str, Token]:
    """A file of Google's holds the account's name and key: no file has to be mounted for them."""
    text = next((files[name].reveal() for name in _GOOGLE if files.get(name)), "")
    try:
        held = msgspec.json.decode(text) if text else {}
    except msgspec.DecodeError:
        return {}
    if not isinstance(held, dict) or not held.get("client_email") or not held.get("private_key"):
        return {}
    return {
        "CACHE_GCS_ACCESS_ID": Token(str(held["client_email"])),
        "CACHE_GCS_PRIVATE_KEY": Token(str(held["private_key"])),
    }
