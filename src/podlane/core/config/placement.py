"""What the file alone shows to be wrong with keys of `[runners.kubernetes]` itself."""

from __future__ import annotations

from collections.abc import Iterator

from podlane.core.config.kubernetes import KubernetesConfig

_EFFECTS = ("", "NoSchedule", "PreferNoSchedule", "NoExecute")


def faults(kubernetes: KubernetesConfig) -> Iterator[tuple[str, str]]:
    for key, effect in kubernetes.node_tolerations.items():
        if effect not in _EFFECTS:
            what = f"must be one of: {', '.join(_EFFECTS[1:])}, or empty; it is {effect[:60]!r}"
            yield f'node_tolerations."{key}"', what
    if kubernetes.dns_policy.strip().lower() == "none" and not kubernetes.dns_config.nameservers:
        yield "dns_policy", "is `none`, and `dns_config.nameservers` names no server"
