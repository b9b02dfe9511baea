"""What a pod names and does not make itself."""

from __future__ import annotations

from podlane.core.pod.manifests import Manifests
from podlane.doctor.objects import Need, needs


def test_each_place_a_pod_can_name_an_object() -> None:
    volumes = [
        {"secret": {"secretName": "npm", "items": [{"key": "auth", "path": "a"}]}},
        {"configMap": {"name": "mirrors"}},
        {"configMap": {"name": "may-be", "optional": True}},
        {"persistentVolumeClaim": {"claimName": "data"}},
        {"projected": {"sources": [{"secret": {"name": "own"}}, {"secret": {"name": "theirs"}}]}},
        {"emptyDir": {}},
    ]
    build = {
        "name": "build",
        "envFrom": [{"secretRef": {"name": "own-env"}}, {"configMapRef": {"name": "settings"}}],
        "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}}],
    }
    spec = {
        "imagePullSecrets": [{"name": "registry"}, {"name": "own"}],
        "volumes": volumes,
        "containers": [build],
    }
    made = Manifests(
        record={"metadata": {"name": "own"}},
        extra=({"metadata": {"name": "own-env"}},),
        pod={"spec": spec},
        namespace="ci",
    )
    assert set(needs(made)) == {
        Need("Secret", "registry", ".dockerconfigjson"),
        Need("Secret", "npm"),
        Need("Secret", "npm", "auth"),
        Need("ConfigMap", "mirrors"),
        Need("PersistentVolumeClaim", "data"),
        Need("Secret", "theirs"),
        Need("ConfigMap", "settings"),
        Need("Secret", "keys", "a"),
    }
