"""`podlane config explain`: every key, by every name people may have for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from podlane.cli.config.example import example
from podlane.cli.config.facts import facts
from podlane.cli.main import run
from podlane.core.config.model import Config
from podlane.core.config.parse import parse

RUNNER = '[[runners]]\n  url = "https://gitlab.test"\n  token = "t"'


@pytest.mark.parametrize("name", facts())
def test_every_key_is_told(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    fact = facts()[name]
    assert run(["config", "explain", name.upper()]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert told.startswith(fact.key)
    assert fact.entry.text in told
    assert fact.verdict or fact.type


OF_EVERY_RUNNER = {"runners.url", "runners.token", "runners.executor"}
EXAMPLES = [name for name, fact in facts().items() if example(fact) and name not in OF_EVERY_RUNNER]


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_a_config_that_says_something(name: str) -> None:
    shown = example(facts()[name])
    text = shown.replace("[[runners]]", RUNNER, 1) if shown.startswith("[[runners]]") else shown
    assert shown.splitlines()[-1].strip().startswith(facts()[name].key)
    config, notes = parse(text, {"RUNNER_TOKEN": "t"})
    assert not [note for note in notes if note.kind in ("unknown", "fault", "skipped")]
    assert len(config.runners) == text.count("[[runners]]")
    assert config != _without(text, shown.splitlines()[-1])


def _without(text: str, line: str) -> Config | None:
    """The config without the example's own line; None where that cannot be."""
    try:
        return parse(text.replace(line, ""), {})[0]
    except Exception:  # noqa: BLE001 - it cannot do without the key: it matters
        return None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("poll_timeout", "poll_timeout in [runners.kubernetes]"),
        ("kubernetes.Poll_Timeout", "poll_timeout in [runners.kubernetes]"),
        ("[runners.kubernetes] poll_timeout", "poll_timeout in [runners.kubernetes]"),
        ("kubernetes.volumes.secret[0].items", "items in [[runners.kubernetes.volumes.secret]]"),
        ("KUBERNETES_CPU_LIMIT", "where `cpu_limit_overwrite_max_allowed` allows it"),
        ("KUBERNETES_NODE_SELECTOR", "node_selector in [runners.kubernetes]"),
        ("RUNNER_OUTPUT_LIMIT", "output_limit in [[runners]]"),
        ("cpu_limit_overwrite_max_allowed", "guards KUBERNETES_CPU_LIMIT"),
        ("service_account", "KUBERNETES_SERVICE_ACCOUNT_OVERWRITE of a job"),
        ("poll_interval", "NO EFFECT podlane watches its pods"),
        ("builds_dir", "variables of the job are expanded"),
        ("kubernetes.volumes", "empty_dir Empty folders that live as long as the pod"),
        ("run_as_user", "run_as_user is a key of several tables; name one:"),
        ("topology_key", "The same name elsewhere:"),
        (
            "FF_TIMESTAMPS",
            "FF_TIMESTAMPS a feature flag Each line of the log begins with its time.",
        ),
        ("ff_concrete", "has no effect; who switches it on is told so"),
        ("", "The tables of config.toml"),
    ],
)
def test_names_people_use(asked: str, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "explain", asked]) == 0
    assert expected in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("polltimeout", "poll_timeout"),
        ("memry_limit", "memory_limit"),
        ("FF_TIMESTAMP", "FF_TIMESTAMPS"),
        ("xyzzy", "lists the tab"),
    ],
)
def test_an_unknown_name_has_neighbours(
    asked: str, near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["config", "explain", asked]) == 1
    told = capsys.readouterr().err
    assert asked in told
    assert near in told


def test_no_program_reads_the_explanations() -> None:
    """Memory and time of the manager and the helper are not spent on texts for people."""
    code = (
        "import sys, podlane.manager.daemon, podlane.helper.main, podlane.cli.run;"
        "sys.exit(any('config.explain' in name for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
