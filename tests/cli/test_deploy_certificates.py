"""`podlane deploy --ca-file`: what is no certificate is refused here, the rest reaches the pod."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from harness.certificates import authority
from harness.shell import podlane

CONFIG = (
    '[[runners]]\nname = "r"\nurl = "https://g.test"\ntoken = "glrt-x"\nexecutor = "kubernetes"\n'
)


def objects(text: str) -> dict[tuple[str, str], Any]:
    return {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(text)}


async def test_a_file_without_certificates_is_named(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    ended = await podlane("deploy", "render", f"--config={config}", f"--ca-file={config}")
    assert ended.code != 0
    assert f"cannot use the certificates {config}" in ended.err
    assert ended.out == ""


async def test_certificates_and_the_wish_for_jobs_reach_the_manager(tmp_path: Path) -> None:
    config, ca = tmp_path / "config.toml", authority()
    config.write_text(CONFIG)
    words = (f"--config={config}", f"--ca-file={ca.file(tmp_path)}", "--ca-in-jobs")
    ended = await podlane("deploy", "render", *words)
    made = objects(ended.out)
    assert made["ConfigMap", "podlane-certificates"]["data"] == {"ca.crt": ca.pem}
    container = made["Deployment", "podlane"]["spec"]["template"]["spec"]["containers"][0]
    given = {one["name"]: one["value"] for one in container["env"]}
    assert given["PODLANE_CERTIFICATES"] == "/etc/podlane-certificates"
    assert given["PODLANE_CERTIFICATES_IN_JOBS"] == "1"


async def test_the_ca_file_of_gitlab_goes_along(tmp_path: Path) -> None:
    """By tls-ca-file, or beside the config by the name of its host: no pod has such a path."""
    config, ca = tmp_path / "config.toml", authority()
    (tmp_path / "certs").mkdir()
    ca.file(tmp_path / "certs")
    (tmp_path / "certs/ca.crt").rename(tmp_path / "certs/g.test.crt")
    named = CONFIG + f'tls-ca-file = "{tmp_path}/certs/g.test.crt"\n'
    for text in (CONFIG, named):
        config.write_text(text)
        ended = await podlane("deploy", "render", f"--config={config}")
        made = {
            (one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(ended.out)
        }
        assert made["ConfigMap", "podlane-certificates"]["data"] == {"g.test.crt": ca.pem}
        assert "tls-ca-file" not in made["ConfigMap", "podlane"]["data"]["config.toml"]


async def test_a_ca_file_that_is_not_here_is_left_to_the_image(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(CONFIG + 'tls-ca-file = "/no/such/ca.crt"\n')
    ended = await podlane("deploy", "render", f"--config={config}")
    made = objects(ended.out)
    assert ("ConfigMap", "podlane-certificates") not in made
    assert "/no/such/ca.crt" in made["ConfigMap", "podlane"]["data"]["config.toml"]
