"""What of a release has no place with podlane: looked for in its objects, and in Helm's values."""

from __future__ import annotations

from collections.abc import Iterator

from podlane.core.config.toml import read_toml
from podlane.core.deploy.placement import proxies
from podlane.core.migrate.config import Moved
from podlane.core.migrate.release import Release
from podlane.core.migrate.values import NOTHING, Left, left_of_values

_VOLUMES = (
    "runner-secrets",
    "etc-gitlab-runner",
    "home-gitlab-runner",
    "projected-secrets",
    "init-runner-secrets",
    "custom-certs",
    "configmaps",
    "scripts",
)
_PREFIXES = ("CI_SERVER_", "RUNNER_", "REGISTER_", "KUBERNETES_", "CACHE_", "SESSION_SERVER_")
_KNOWN = ("CLONE_URL", "REGISTRATION_TOKEN", "FEATURE_FLAGS", "GOOGLE_APPLICATION_CREDENTIALS")
_CHART_ANNOTATIONS = ("checksum/", "prometheus.io/", "gitlab.com/prometheus", "kubectl.kubernetes")
_CHART_LABELS = ("app", "chart", "release", "heritage", "app.kubernetes.io/", "helm.sh/")


def left_behind(
    release: Release, moved: Moved, account: dict[str, str], name: str = "podlane"
) -> list[Left]:
    """All that does not carry over; nothing: everything does. `account`: the annotations of the
    manager's ServiceAccount; `name`: of podlane's deployment."""
    found = [
        *_holders(release),
        *_runners(moved),
        *_session(release, moved),
        *_start(release, name),
    ]
    found += [*_pod(release), *_labels(release), *_accounts(release, moved, account, name)]
    found += left_of_values(release)
    return list(dict.fromkeys(found))


def _runners(moved: Moved) -> Iterator[Left]:
    for name, executor in moved.skipped:
        yield Left(
            f"runner {name} with the executor {executor}",
            "podlane runs jobs in Kubernetes only",
            "give it a gitlab-runner of its own before the old one stops",
        )


def _session(release: Release, moved: Moved) -> Iterator[Left]:
    session = read_toml(moved.before).get("session_server", {})
    enabled = release.values.get("sessionServer", {})
    is_on = isinstance(enabled, dict) and enabled.get("enabled")
    if session.get("listen_address") or is_on:
        yield Left(
            "session server (interactive web terminals)",
            "podlane offers no terminals: nothing connects into a job's pod",
            "use `kubectl exec` into the job's pod where people need a shell",
        )


def _start(release: Release, podlane: str) -> Iterator[Left]:
    if release.pre_entrypoint:
        yield Left(
            "preEntrypointScript",
            "podlane's manager runs no script at its start",
            "what it installs or writes belongs into an image made from podlane's",
        )
    for name in sorted(release.environment):
        if not name.startswith(_PREFIXES) and name not in (*_KNOWN, *proxies_of(release)):
            yield Left(
                f"variable {name} of the manager",
                "podlane's manager gets no variables of yours",
                f"where it needs it: `kubectl -n {release.namespace} set env "
                f"deployment/{podlane} {name}=…`, which upgrades leave alone",
            )
    if release.unregisters:
        yield Left(
            "unregistering at each stop",
            "podlane keeps its runner: GitLab sees one manager over restarts",
            NOTHING,
        )


def proxies_of(release: Release) -> dict[str, str]:
    return proxies({key: text.reveal() for key, text in release.environment.items()})


def _pod(release: Release) -> Iterator[Left]:
    pod, container = release.pod, release.container
    for volume in pod.get("volumes") or ():
        if volume["name"] not in _VOLUMES:
            yield Left(
                f"volume {volume['name']} of the manager",
                "podlane's manager mounts its config, Secret and certificates only",
                "a file that config.toml names belongs into an image made from podlane's; "
                "volumes of jobs are in config.toml",
            )
    for name in [one["name"] for one in (pod.get("containers") or ())[1:]]:
        yield Left(f"container {name} beside the manager", "it is not the runner's", "run it apart")
    for name in [
        one["name"] for one in pod.get("initContainers") or () if one["name"] != "configure"
    ]:
        yield Left(f"init container {name}", "podlane's manager needs none", "nothing, or an image")
    if container.get("resources"):
        yield Left(
            "resources of the manager",
            "podlane's has limits of 100m CPU and 100Mi, whatever the jobs do",
            NOTHING,
        )
    for key in sorted(release.certificates):
        if key.endswith((".auth.crt", ".auth.key")):
            yield Left(
                f"client certificate {key}",
                "podlane deploy mounts CA certificates only",
                "an image made from podlane's, with it in /etc/gitlab-runner/certs",
            )


def _holders(release: Release) -> Iterator[Left]:
    """Who keeps the old Deployment as a repository says, and so would start its managers again."""
    meta = release.deployment["metadata"]
    marks = {**(meta.get("labels") or {}), **(meta.get("annotations") or {})}
    for holder, mark in (("Flux", ".fluxcd.io/"), ("Argo CD", "argocd.argoproj.io/")):
        if any(mark in key for key in marks):
            yield Left(
                f"{holder} holds the old Deployment",
                "it would start the old managers again after `--apply`",
                "suspend it for this release first, and take the release out of the repository",
            )


def _labels(release: Release) -> Iterator[Left]:
    meta = release.deployment.get("spec", {}).get("template", {}).get("metadata", {})
    annotations, labels = meta.get("annotations") or {}, meta.get("labels") or {}
    if any(key.startswith("prometheus.io/") for key in annotations):
        yield Left(
            "annotations for Prometheus",
            "podlane's pods do not have them",
            "--service-monitor, or let Prometheus find port 9252 of its pods",
        )
    for what, found, chart in (
        ("annotation", annotations, _CHART_ANNOTATIONS),
        ("label", labels, _CHART_LABELS),
    ):
        for key in sorted(key for key in found if not key.startswith(chart)):
            yield Left(
                f"{what} {key} of the manager's pod",
                "podlane's pods have their own",
                "nothing, unless another program looks for it: `kubectl patch deployment`",
            )


def _accounts(
    release: Release, moved: Moved, account: dict[str, str], podlane: str
) -> Iterator[Left]:
    own = release.pod.get("serviceAccountName")
    for runner in read_toml(moved.after).get("runners", []):
        used = runner.get("kubernetes", {}).get("service_account")
        if used and used == own:
            yield Left(
                f"ServiceAccount {own}, which jobs use (service_account)",
                "it belongs to the old release, and goes with it",
                "before you uninstall that one, make an account of your own and name it there",
            )
    for key in sorted(account):
        if not key.startswith(("meta.helm.sh/", "kubectl.kubernetes.io/")):
            yield Left(
                f"annotation {key} of the ServiceAccount",
                "podlane has an account of its own",
                "if it lends the manager a cloud's rights (a cache's): `kubectl -n "
                f"{release.namespace} annotate serviceaccount {podlane} {key}=…`",
            )
