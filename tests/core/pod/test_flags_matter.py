"""Each honoured flag makes a difference to the job, and names the tests that show it on and off.

`golden/flags-default` is a job to which every flag matters; `golden/flags-turned` is the same with
each flag away from its default. Here they are turned one by one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from golden.cases import FOLDER
from podlane.core import job as sources
from podlane.core.config.flag_table import FLAGS
from podlane.core.config.parse import parse
from podlane.core.config.polling import polling
from podlane.core.config.rotation import rotates
from podlane.core.job.payload import parse_job
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.make import make_plan
from podlane.core.plan.model import JobPlan
from podlane.core.plan.objects import ask
from podlane.core.plan.resolve import resolve, with_inputs
from podlane.core.pod.manifests import build_manifests
from podlane.core.text import token

TESTS = FOLDER.parent
SOURCES = Path(sources.__file__).parents[2]
HONOURED = sorted(name for name, entry in FLAGS.items() if entry.verdict == "honoured")
GIT = "core/plan/test_git_work.py::test_what_a_job_may_say"

# flag → what shows it on, what shows it off, beside the two golden cases
SHOWN: dict[str, tuple[str, str]] = {
    "FF_CLEAN_UP_FAILED_CACHE_EXTRACT": (
        "helper/test_cache.py::test_a_key_that_failed_is_cleaned_up",
        "core/plan/test_cache.py::test_what_a_failed_restore_removes",
    ),
    "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION": (
        "manager/test_rotation.py::test_a_token_stays",
        "manager/test_rotation.py::test_a_token_is_exchanged_in_the_file",
    ),
    "FF_ENABLE_BASH_EXIT_CODE_CHECK": (
        "scenarios/scripts-exit-codes.yaml",
        "scenarios/scripts-exit-codes.yaml",
    ),
    "FF_ENABLE_JOB_CLEANUP": (GIT, "golden/flags-default"),
    "FF_ENABLE_JOB_INPUTS_INTERPOLATION": (
        "scenarios/scripts-inputs.yaml",
        "scenarios/scripts-inputs.yaml",
    ),
    "FF_HASH_CACHE_KEYS": (
        "scenarios/cache-naming-schemes.yaml",
        "scenarios/cache-naming-schemes.yaml",
    ),
    "FF_KUBERNETES_HONOR_ENTRYPOINT": (
        "scenarios/image-entrypoint.yaml",
        "core/plan/test_image.py::test_entrypoint_is_left_out_unless_asked_for",
    ),
    "FF_LOG_IMAGES_CONFIGURED_FOR_JOB": (
        "programs/test_report.py::test_the_managers_log_names_the_images_to_run",
        "programs/test_report.py::test_the_managers_log_names_the_images_to_run",
    ),
    "FF_MASK_ALL_DEFAULT_TOKENS": ("scenarios/masking-all.yaml", "golden/nonsense-settings"),
    "FF_PRINT_POD_EVENTS": (
        "scenarios/acceptance/02-pod-events.yaml",
        "scenarios/pod-events-of-a-waiting-pod.yaml",
    ),
    "FF_SCRIPT_SECTIONS": ("scenarios/acceptance/07-sections.yaml", "golden/flags-default"),
    "FF_SECRET_RESOLVING_FAILS_IF_MISSING": (
        "scenarios/secrets-vault.yaml",
        "helper/test_secrets.py::test_a_field_that_is_not_there",
    ),
    "FF_TIMESTAMPS": ("scenarios/log-lines.yaml", "scenarios/success.yaml"),
    "FF_USE_ADAPTIVE_REQUEST_CONCURRENCY": (
        "manager/test_poller.py::test_the_pace_follows_the_jobs",
        "manager/test_poller.py::test_without_the_flag_all_questions_may_be_under_way",
    ),
    "FF_USE_ADVANCED_POD_SPEC_CONFIGURATION": (
        "scenarios/acceptance/13-pod-spec.yaml",
        "scenarios/acceptance/13-pod-spec.yaml",
    ),
    "FF_USE_DIRECT_DOWNLOAD": (
        "scenarios/artifacts-direct-download.yaml",
        "scenarios/artifacts-direct-download.yaml",
    ),
    "FF_USE_DYNAMIC_TRACE_FORCE_SEND_INTERVAL": (
        "core/trace/test_pace.py::test_how_long_gitlab_hears_nothing",
        "core/trace/test_pace.py::test_how_long_gitlab_hears_nothing",
    ),
    "FF_USE_EXPONENTIAL_BACKOFF_STAGE_RETRY": ("golden/flags-default", GIT),
    "FF_USE_GITALY_CORRELATION_ID": ("golden/flags-default", GIT),
    "FF_USE_GIT_BUNDLE_URIS": ("golden/flags-default", GIT),
    "FF_USE_GIT_NATIVE_CLONE": (GIT, "golden/flags-default"),
    "FF_USE_GIT_PROACTIVE_AUTH": (GIT, "golden/flags-default"),
    "FF_USE_PARALLEL_ARTIFACT_TRANSFER": ("golden/artifact-settings", "golden/flags-default"),
    "FF_USE_PARALLEL_CACHE_TRANSFER": (
        "scenarios/cache-in-parts.yaml",
        "core/plan/test_cache.py::test_when_an_upload_in_pieces_is_opened",
    ),
    "FF_USE_POD_ACTIVE_DEADLINE_SECONDS": ("golden/plain", "scenarios/no-deadline.yaml"),
}


def _made(flags: dict[str, bool]) -> tuple[Any, ...]:
    """What the job's flags are to decide. The flags themselves, and what is said of them, is left
    out: that they are told apart is no difference."""
    folder = FOLDER / "flags-default"
    config, _ = parse((folder / "config.toml").read_text(), {})
    runner = msgspec.structs.replace(config.runners[0], feature_flags=flags)
    context = RunnerContext(runner, "golden", "r_golden", "0.0.0", {}, helper_image="podlane:dev")
    job = with_inputs(parse_job((folder / "job.json").read_bytes()), context)
    ground = resolve(job, context)
    plan = msgspec.structs.replace(make_plan(job, context, ground), variables=(), notes=())
    made = build_manifests(plan, job, context, ground=ground)
    asked = ask(job, context, ground, 0)
    manager = polling(runner), rotates(runner)
    return token.encode_revealed(plan), made.pod, made.told_images, asked, manager


def test_each_honoured_flag_is_shown_on_and_off() -> None:
    assert sorted(SHOWN) == HONOURED


@pytest.mark.parametrize("name", HONOURED)
def test_flag_matters(name: str) -> None:
    assert _made({name: not FLAGS[name].default}) != _made({})
    assert _made({name: FLAGS[name].default}) == _made({})


@pytest.mark.parametrize("name", sorted(set(FLAGS) - set(HONOURED)))
def test_flag_that_changes_nothing_is_said_to(name: str) -> None:
    assert _made({name: not FLAGS[name].default}) == _made({})


@pytest.mark.parametrize("where", sorted({one for pair in SHOWN.values() for one in pair}))
def test_what_shows_a_flag_is_there(where: str) -> None:
    file, _, test = where.partition("::")
    assert (TESTS / file).exists()
    assert not test or f"def {test}(" in (TESTS / file).read_text()


def test_every_flag_is_turned_in_the_golden_case() -> None:
    config, notes = parse((FOLDER / "flags-turned" / "config.toml").read_text(), {})
    assert config.runners[0].feature_flags == {name: not FLAGS[name].default for name in HONOURED}
    assert not notes
    jobs = [FOLDER / name / "job.json" for name in ("flags-default", "flags-turned")]
    assert json.loads(jobs[0].read_text()) == json.loads(jobs[1].read_text())


def test_every_flag_that_is_asked_for_is_honoured() -> None:
    """Else a job's log would say that podlane does not have it, or the table would boast."""
    texts = [path.read_text() for path in SOURCES.rglob("*.py") if path.name != "flag_table.py"]
    asked = {flag for text in texts for flag in re.findall(r'"(FF_[A-Z_0-9]+)"', text)}
    assert sorted(asked) == HONOURED


def test_the_plan_keeps_no_flag() -> None:
    """Flags are decided when the plan is made; the helper asks for none."""
    assert "flags" not in JobPlan.__struct_fields__
    helper = [path.read_text() for path in (SOURCES / "helper").rglob("*.py")]
    assert not [text for text in helper if "core.plan.flags" in text]
