"""Two deployments of one name in two namespaces: neither touches what is the other's."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import command
from harness.http_server import serve
from harness.object_store import ObjectStore

CONFIG = """\
[[runners]]
  name = "r"
  url = "https://g.test"
  token = "glrt-{token}"
  executor = "kubernetes"
  [runners.kubernetes]
    namespace = "{jobs}"
    {more}
"""
ANYWHERE = 'namespace_overwrite_allowed = ".*"'


@pytest.mark.parametrize(("jobs", "more"), [("", ANYWHERE), ("shared", ""), ("second", "")])
def test_neighbours(home: Path, monkeypatch: pytest.MonkeyPatch, jobs: str, more: str) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    store = ObjectStore()
    for name in ("first", "second", "shared"):
        store.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    with serve(store.answer) as server:
        kubeconfig = store.kubeconfig(server.url, home)

        def deploy(what: str, namespace: str, *words: str) -> None:
            ended = command.run("deploy", what, "-n", namespace, *words, KUBECONFIG=kubeconfig)
            assert ended.code == 0, ended.err

        def apply(namespace: str, with_more: str = more) -> None:
            config = home / f"{namespace}.toml"
            config.write_text(CONFIG.format(token=namespace, jobs=jobs, more=with_more))
            deploy("apply", namespace, f"--config={config}")

        apply("second")
        of_second = set(store.objects)
        apply("first")
        assert of_second < set(store.objects)
        apply("first", "")
        assert of_second <= set(store.objects)
        deploy("uninstall", "first", "--now")
        assert set(store.objects) == of_second
