"""All objects of one deployment, in the order in which they are made."""

from __future__ import annotations

from podlane.core.deploy import manager, rights
from podlane.core.deploy.network import network_policy, service, service_monitor
from podlane.core.deploy.wish import Manifest, Wish, metadata


def manifests(wish: Wish) -> tuple[Manifest, ...]:
    found = [_namespace(wish), manager.account(wish)]
    leases = manager.leases(wish)
    reach = rights.rights(wish.config, wish.namespace, wish.name, manager.seats_of(wish))
    found += rights.manifests(wish, reach)
    found += [manager.secret(wish), manager.config_map(wish, reach.places)]
    if wish.certificates:
        found.append(manager.certificates(wish))
    if wish.extras.network_policy:
        found.append(network_policy(wish))
    if wish.extras.service_monitor:
        found += [service(wish), service_monitor(wish)]
    found += [*leases, manager.deployment(wish)]
    if wish.replicas > 1:
        found.append(manager.disruption_budget(wish))
    return tuple(found)


def _namespace(wish: Wish) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": metadata(wish, wish.namespace, None),
    }
