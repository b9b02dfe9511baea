"""The git part of a plan: what variables, flags and keys ask for, and what git is told of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.plan import ask
from podlane.core.config.parse import parse
from podlane.core.plan import git_config
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.model import Sources
from podlane.errors import JobRefused


def made(variables: dict[str, str] | None = None, config: str = "", **parts: Any) -> Sources:
    return ask.plan(asked(variables or {}, **parts), context(config)).sources


def asked(variables: dict[str, str], **parts: Any) -> Any:
    pairs = [{"key": key, "value": value, "public": True} for key, value in variables.items()]
    return ask.job(variables=pairs, **parts)


def context(config: str = "") -> RunnerContext:
    text = f'[[runners]]\nurl = "https://gitlab.test"\ntoken = "t"\n{config}\n'
    whole, _ = parse(text, {})
    return RunnerContext(whole.runners[0], "i", "s", "0", {}, helper_image="podlane:0")


def shared(kind: str = "host_path") -> str:
    return (
        f'[runners.kubernetes]\nimage = "i"\n[[runners.kubernetes.volumes.{kind}]]\n'
        'name = "b"\nmount_path = "/builds"\n'
    )


@pytest.mark.parametrize(
    ("variables", "field", "expected"),
    [
        ({}, "strategy", "clone"),
        ({"GIT_STRATEGY": "fetch"}, "strategy", "fetch"),
        ({"GIT_STRATEGY": "huh"}, "strategy", "clone"),
        ({}, "clean_flags", ("-ffdx",)),
        ({"GIT_CLEAN_FLAGS": "none"}, "clean_flags", ()),
        ({"GIT_CLEAN_FLAGS": "-ffdx -e cache/"}, "clean_flags", ("-ffdx", "-e", "cache/")),
        ({"GIT_FETCH_EXTRA_FLAGS": "none"}, "fetch_flags", ()),
        ({"GIT_FETCH_EXTRA_FLAGS": "--filter=blob:none"}, "fetch_flags", ("--filter=blob:none",)),
        ({"GIT_CLONE_EXTRA_FLAGS": "--sparse"}, "clone_flags", ("--sparse",)),
        ({"GIT_CHECKOUT": "false"}, "with_checkout", False),
        ({"GIT_LFS_SKIP_SMUDGE": "1"}, "with_lfs", False),
        ({"GET_SOURCES_ATTEMPTS": "11"}, "attempts", 1),
        ({"GET_SOURCES_ATTEMPTS": "10"}, "attempts", 10),
        ({"FF_USE_EXPONENTIAL_BACKOFF_STAGE_RETRY": "false"}, "backs_off", False),
        ({"FF_USE_GIT_NATIVE_CLONE": "true"}, "with_native_clone", True),
        ({"FF_USE_GIT_BUNDLE_URIS": "false"}, "with_bundles", False),
        ({"FF_USE_GITALY_CORRELATION_ID": "false"}, "with_correlation", False),
        ({"FF_USE_GIT_PROACTIVE_AUTH": "true"}, "with_proactive_auth", True),
        ({"FF_ENABLE_JOB_CLEANUP": "true"}, "cleans_up", True),
        ({"GIT_SUBMODULE_DEPTH": "3"}, "submodule_depth", 3),
        ({"GIT_SUBMODULE_PATHS": "a :(exclude)b"}, "submodule_paths", ("a", ":(exclude)b")),
    ],
)
def test_what_a_job_may_say(variables: dict[str, str], field: str, expected: Any) -> None:
    assert getattr(made(variables), field) == expected


@pytest.mark.parametrize(
    ("config", "field", "expected"),
    [
        ('get_sources_timeout = "90s"', "timeout", 90.0),
        ('get_sources_timeout = "0"', "timeout", None),
        ("clean_git_config = false", "cleans_config", False),
        ("safe_directory_checkout = false", "trusts_folders", False),
    ],
)
def test_what_the_config_may_say(config: str, field: str, expected: Any) -> None:
    assert getattr(made(config=config), field) == expected


def test_an_exclusion_of_nothing_is_refused() -> None:
    with pytest.raises(JobRefused) as refusal:
        made({"GIT_SUBMODULE_PATHS": ":(exclude) lib"})
    assert refusal.value.hint


HTTPS = "https://gitlab.test/"


@pytest.mark.parametrize(
    ("variables", "config", "expected"),
    [
        ({}, "", ()),
        (
            {"GIT_SUBMODULE_FORCE_HTTPS": "true"},
            "",
            (("git@gitlab.test:", HTTPS), ("ssh://git@gitlab.test/", HTTPS)),
        ),
        (
            {
                "GIT_SUBMODULE_FORCE_HTTPS": "true",
                "CI_SERVER_SHELL_SSH_HOST": "ssh.test",
                "CI_SERVER_SHELL_SSH_PORT": "2222",
            },
            "",
            (
                ("git@gitlab.test:", HTTPS),
                ("ssh://git@gitlab.test/", HTTPS),
                ("ssh://git@gitlab.test:2222/", HTTPS),
                ("git@ssh.test:", HTTPS),
                ("ssh://git@ssh.test/", HTTPS),
                ("ssh://git@ssh.test:2222/", HTTPS),
            ),
        ),
        (
            {},
            'clone_url = "http://user:word@10.0.0.1:8080/git/"',
            ((HTTPS, "http://10.0.0.1:8080/git/"),),
        ),
        (
            {"GIT_SUBMODULE_FORCE_HTTPS": "true", "CI_SERVER_HOST": "x/../y\n"},
            "",
            (("git@gitlab.test:", HTTPS), ("ssh://git@gitlab.test/", HTTPS)),
        ),
    ],
)
def test_rewrites(
    variables: dict[str, str], config: str, expected: tuple[tuple[str, str], ...]
) -> None:
    assert made(variables, config).rewrites == expected


def test_a_server_below_a_path_keeps_it() -> None:
    git = {"repo_url": "https://u:t@h.test/gitlab/g/p.git", "sha": "abc"}
    found = made({"GIT_SUBMODULE_FORCE_HTTPS": "1"}, git_info=git)
    assert found.rewrites[0] == ("git@h.test:", "https://h.test/gitlab/")


def test_a_job_cannot_name_a_server_that_gets_its_token() -> None:
    found = made({"CI_SERVER_URL": "https://evil.test", "CI_SERVER_HOST": "evil.test"})
    assert found.servers == ()
    clone = made({"CI_SERVER_URL": "https://evil.test"}, 'clone_url = "https://other.test"')
    assert clone.servers == ("https://gitlab.test",)


@pytest.mark.parametrize("kind", ["host_path", "pvc"])
def test_jobs_on_a_shared_volume_have_folders_of_their_own(kind: str) -> None:
    places = []
    for slot in (0, 3):
        where = msgspec.structs.replace(context(shared(kind)), slot=7, project_slot=slot)
        places.append(ask.plan(asked({}), where).places.project)
    assert places == ["/builds/t/0/g/p", "/builds/t/3/g/p"]


@pytest.mark.parametrize(
    ("path", "is_warned"),
    [
        ("$CI_BUILDS_DIR/own", True),
        ("$CI_BUILDS_DIR/$CI_CONCURRENT_ID/own", False),
        ("$CI_BUILDS_DIR/${CI_CONCURRENT_PROJECT_ID}/own", False),
        ("$CI_BUILDS_DIR/$CI_JOB_ID", False),
    ],
)
def test_a_clone_path_that_jobs_would_share_is_warned_of(path: str, *, is_warned: bool) -> None:
    job = asked({"GIT_CLONE_PATH": path, "CI_JOB_ID": "1"})
    assert ("CI_CONCURRENT_ID" in ask.warnings(job, context(shared()))) is is_warned
    assert "CI_CONCURRENT_ID" not in ask.warnings(job, context('[runners.kubernetes]\nimage="i"'))


def test_what_git_is_told_of_a_server() -> None:
    job = ask.job(variables=[{"key": "CI_SERVER_TLS_CA_FILE", "value": "PEM", "file": True}])
    plan = ask.plan(job, context())
    told = dict(git_config.settings(plan))
    assert told["http.https://gitlab.test.sslCAInfo"] == f"{plan.places.temporary}/" + (
        "CI_SERVER_TLS_CA_FILE"
    )
    assert told["credential.https://gitlab.test.helper"].startswith("!")
    assert told["safe.directory"] == "*"
    assert not any("job-token-1" in value for value in told.values())


def test_the_job_s_own_settings_come_first() -> None:
    variables = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "c"}
    found = git_config.script_environment(ask.plan(asked(variables), context()))
    assert "GIT_CONFIG_KEY_0" not in found
    assert found["GIT_CONFIG_KEY_1"] == "safe.directory"
    assert int(found["GIT_CONFIG_COUNT"]) == 1 + sum(
        key.startswith("GIT_CONFIG_KEY_") for key in found
    )


@pytest.mark.parametrize("count", ["", "x", "-1", "99999999", "1_0"])
def test_a_count_that_is_none_begins_anew(count: str) -> None:
    found = git_config.counted([("a.b", "c")], {"GIT_CONFIG_COUNT": count})
    assert found == {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "a.b",
        "GIT_CONFIG_VALUE_0": "c",
    }


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_git_s_own_quoting_is_undone_by_a_shell(text: str) -> None:
    import shlex

    assert shlex.split(git_config.quoted(text)) == [text]
