"""The file by which a job's programs trust our certificates, as the helper writes it."""

from __future__ import annotations

import stat
from pathlib import Path

from harness.certificates import authority
from helper.rig import Rig
from podlane.core.plan.git_config import helper_environment
from podlane.core.plan.model import CaBundle
from podlane.helper.certificates import write_bundle


async def test_it_holds_the_store_of_the_image_and_ours(rig: Rig, tmp_path: Path) -> None:
    store, own = authority().pem, authority().pem
    (tmp_path / "store.crt").write_text(store.rstrip())
    rig.change_part("gitlab", ca_certificates=own)
    write_bundle(rig.plan)
    path = rig.pod / "certificates" / "ca-bundle.crt"
    assert not path.exists()

    rig.change(ca_bundle=CaBundle(str(path), is_shared=True))
    write_bundle(rig.plan, ("/no/such/store", str(tmp_path / "store.crt")))
    assert path.read_text() == store + own
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    write_bundle(rig.plan, ())
    assert path.read_text() == own


async def test_it_is_there_before_the_script_and_git_reads_it(rig: Rig) -> None:
    path = rig.pod / "certificates" / "ca-bundle.crt"
    rig.change_part("gitlab", ca_certificates=authority().pem)
    rig.change(ca_bundle=CaBundle(str(path), is_shared=True))
    rig.script(f"grep -c BEGIN {path} && echo trusted")
    await rig.run()
    assert rig.job.state == "success"
    assert "\ntrusted" in rig.trace
    given = helper_environment(rig.plan, "agent", "")
    number = next(k[-2:].strip("_") for k, v in given.items() if v == "http.sslCAInfo")
    assert given[f"GIT_CONFIG_VALUE_{number}"] == str(path)
