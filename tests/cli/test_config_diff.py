"""`podlane config diff`: what changes is named by its path, what does not is not, and no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from podlane.cli.main import run

ONE = """
[[runners]]
  name = "one"
  url = "https://gitlab.example.com"
  token = "glrt-first-token"
  [runners.kubernetes]
    image = "debian:12"
"""
JOB = Path(__file__).parents[1] / "golden/plain/job.json"


def _diff(
    folder: Path, old: str, new: str, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, str, str]:
    (folder / "a.toml").write_text(old)
    (folder / "b.toml").write_text(new)
    code = run(["config", "diff", str(folder / "a.toml"), str(folder / "b.toml"), *more])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_same_is_no_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _diff(tmp_path, ONE, f"# a remark\n{ONE}", capsys)
    assert (code, out) == (0, 'runner "one": no difference\n')


@pytest.mark.parametrize("more", [(), ("--job", str(JOB))])
@pytest.mark.parametrize(
    ("added", "line"),
    [
        ('memory_limit = "2Gi"', '+ spec.containers[build].resources: {"limits": {"memory": "2G'),
        ("poll_timeout = 60", "~ patience.start: 180 → 60"),
        ('host = "https://k"', '~ cluster.host: "" → "https://k"'),
        ('service_account = "ci"', "+ spec.serviceAccountName"),
        ('[runners.podlane]\npod_dir = "/run/p"', '~ places.pod: "/podlane" → "/run/p"'),
        ('[runners.cache]\nType = "gcs"', '~ Type: "" → "gcs"'),
    ],
)
def test_a_key_shows_where_it_counts(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    added: str,
    line: str,
    more: tuple[str, ...],
) -> None:
    code, out, _ = _diff(tmp_path, ONE, ONE + added, capsys, *more)
    assert code == 1
    assert line in out


def test_what_concerns_the_manager_alone_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = _diff(tmp_path, ONE, f"check_interval = 7{ONE}", capsys)
    assert code == 1
    assert "polling.interval: 3.0 → 7.0" in out
    assert "no difference in the plan and the manifests of a job" in out


def test_secrets_differ_unseen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = '[runners.cache.s3]\nSecretKey = "{0}-key"\n[runners.kubernetes]\nbearer_token = "{0}"'
    plain = ONE.replace('  [runners.kubernetes]\n    image = "debian:12"\n', "")
    old, new = plain + cache.format("s3cr3t-a"), plain + cache.format("s3cr3t-b")
    code, out, _ = _diff(tmp_path, old, new, capsys)
    assert code == 1
    assert "~ cluster.bearer_token: *** → *** (another one)" in out
    assert "~ s3.SecretKey: *** → *** (another one)" in out
    assert "s3cr3t" not in out
    assert "first-token" not in out


def test_runners_are_matched_by_token_then_name_then_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two = ONE.replace('"one"', '"two"').replace("first", "second")
    renamed = ONE.replace('"one"', '"uno"')
    third = ONE.replace('"one"', '"three"').replace("first", "third")
    code, out, _ = _diff(tmp_path, ONE + two, two + third + renamed, capsys)
    assert code == 1
    assert 'runner "one" → "uno"\n' in out
    assert 'runner "two": no difference' in out
    assert f'runner "three" is only in {tmp_path / "b.toml"}' in out


def test_a_refused_job_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = ONE.replace("debian:12", "alpine:3")
    code, out, _ = _diff(tmp_path, old, old + 'allowed_images = ["ubuntu:*"]', capsys)
    assert code == 1
    assert "+ This runner does not allow the image 'debian:12'" in out
    assert "spec.containers" not in out


def test_a_file_that_is_not_there_ends_with_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = _diff(tmp_path, ONE, ONE, capsys, "--job", str(tmp_path / "none.json"))
    assert code == 2
    assert "none.json" in err


def test_runners_with_faults_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = ONE.replace('"one"', '"bad"') + "poll_timeout = -1"
    code, out, err = _diff(tmp_path, ONE, ONE + bad, capsys)
    assert code == 0
    assert 'runner "one": no difference' in out
    assert "has faults and is not compared" in err
