"""The file that says whom the job trusts: this image's own store, and what the plan adds."""

from __future__ import annotations

from pathlib import Path

from podlane.core.plan.model import JobPlan

# of Debian, Alpine, Red Hat, the BSDs and macOS
STORES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


def write_bundle(plan: JobPlan, stores: tuple[str, ...] = STORES) -> None:
    """Before all else: the other containers are starting, and it appears whole or not at all."""
    if plan.ca_bundle is None:
        return
    path = Path(plan.ca_bundle.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    store = next((Path(name) for name in stores if Path(name).is_file()), None)
    text = store.read_text().rstrip() + "\n" if store is not None else ""
    partial = path.with_suffix(".partial")
    partial.write_text(text + plan.gitlab.ca_certificates)
    partial.chmod(0o644)
    partial.rename(path)
