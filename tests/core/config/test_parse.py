"""config.toml as people write it: what is read, what is said, what is refused."""

from __future__ import annotations

import pytest

from podlane.core.config.model import Config
from podlane.core.config.notes import ConfigNote
from podlane.core.config.parse import parse
from podlane.core.text.token import Token
from podlane.errors import ConfigError

RUNNER = """
[[runners]]
  name = "builder"
  url = "https://gitlab.example"
  token = "glrt-secret"
  executor = "kubernetes"
"""
KUBERNETES = RUNNER + "  [runners.kubernetes]\n"


def read(text: str, **environ: str) -> tuple[Config, tuple[ConfigNote, ...]]:
    return parse(text, environ)


def refused(text: str, **environ: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse(text, environ)
    assert "glrt-secret" not in str(caught.value)
    return caught.value


def test_an_empty_file_has_the_defaults() -> None:
    assert read("") == (Config(), ())


def test_a_whole_file() -> None:
    config, notes = read("""
        concurrent = 10
        check_interval = 5
        log_format = "json"
        listen_address = ":9252"
        [[runners]]
          name = "one"
          url = "https://gitlab.example/ci/"
          token = "glrt-a"
          token_obtained_at = 2026-01-02T03:04:05Z
          executor = "kubernetes"
          tls-ca-file = "/ca.pem"
          limit = 3
          environment = ["A=b", "C=d"]
          unhealthy_interval = "5m"
          [runners.feature_flags]
            FF_TIMESTAMPS = true
          [runners.podlane]
            pending_limit = 7
          [runners.kubernetes]
            pull_policy = "always"
            cpu_limit = "2"
            privileged = false
            [runners.kubernetes.node_tolerations]
              "key=value" = "NoSchedule"
              "" = ""
            [runners.kubernetes.pod_security_context]
              run_as_user = 1000
              supplemental_groups = [1, 2]
            [[runners.kubernetes.volumes.config_map]]
              name = "files"
              mount_path = "/files"
              [runners.kubernetes.volumes.config_map.items]
                "key.txt" = "path.txt"
        [[runners]]
          url = "https://other.example/gitlab"
          token = "glrt-b"
          [runners.kubernetes]
            pull_policy = ["if-not-present", "never"]
        """)
    assert not notes
    one, two = config.runners
    assert (config.concurrent, config.log_format, config.listen_address) == (10, "json", ":9252")
    assert (one.url, one.token, one.tls_ca_file) == (
        "https://gitlab.example",
        Token("glrt-a"),
        "/ca.pem",
    )
    assert one.token_obtained_at == "2026-01-02T03:04:05+00:00"
    assert one.feature_flags == {"FF_TIMESTAMPS": True}
    assert one.podlane.pending_limit == 7
    assert one.kubernetes.pull_policy == ("always",)
    assert one.kubernetes.privileged is False
    assert one.kubernetes.node_tolerations == {"key=value": "NoSchedule", "": ""}
    assert one.kubernetes.pod_security_context.supplemental_groups == (1, 2)
    assert one.kubernetes.volumes.config_map[0].items == {"key.txt": "path.txt"}
    assert (two.url, two.name) == ("https://other.example/gitlab", "")
    assert two.kubernetes.pull_policy == ("if-not-present", "never")


def test_feature_flags_that_do_nothing_are_named() -> None:
    config, notes = read("""
        [[runners]]
          url = "https://gitlab.example"
          token = "t"
          [runners.feature_flags]
            FF_TIMESTAMPS = "yes"
            FF_SCRIPT_SECTION = true
            FF_CONCRETE = true
            FF_USE_JOB_ROUTER = false
            FF_USE_FASTZIP = false
            FF_HASH_CACHE_KEYS = true
        """)
    kept = {"FF_SCRIPT_SECTION", "FF_CONCRETE", "FF_USE_JOB_ROUTER", "FF_USE_FASTZIP"}
    assert config.runners[0].feature_flags.keys() == kept | {"FF_HASH_CACHE_KEYS"}
    assert [(note.kind, note.line) for note in notes] == [
        ("careful", 6),
        ("unknown", 7),
        ("moot", 8),
    ]
    assert "its default, `true`, holds" in notes[0].message
    assert "the nearest known flag is `FF_SCRIPT_SECTIONS`" in notes[1].message


def test_what_gitlab_runner_writes_at_register_is_read_in_silence() -> None:
    config, notes = read("""concurrent = 1
check_interval = 0
connection_max_age = "15m0s"
shutdown_timeout = 0

[session_server]
  session_timeout = 1800

[[runners]]
  name = "host"
  url = "https://gitlab.example"
  id = 12
  token = "glrt-x"
  token_obtained_at = 2026-01-02T03:04:05Z
  token_expires_at = 0001-01-01T00:00:00Z
  executor = "kubernetes"
  [runners.custom_build_dir]
  [runners.cache]
    MaxUploadedArchiveSize = 0
    [runners.cache.s3]
    [runners.cache.gcs]
    [runners.cache.azure]
  [runners.kubernetes]
    host = ""
    bearer_token_overwrite_allowed = false
    image = ""
    namespace = ""
    namespace_overwrite_allowed = ""
    pod_labels_overwrite_allowed = ""
    [runners.kubernetes.pod_security_context]
    [runners.kubernetes.init_permissions_container_security_context]
      [runners.kubernetes.init_permissions_container_security_context.capabilities]
    [runners.kubernetes.build_container_security_context]
      [runners.kubernetes.build_container_security_context.capabilities]
    [runners.kubernetes.affinity]
    [runners.kubernetes.volumes]
    [runners.kubernetes.dns_config]
    [runners.kubernetes.container_lifecycle]
""")
    assert config.runners[0].id == 12
    assert notes == ()


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        (RUNNER + "step_runner_image = 'x'", "moot", "line 7: `[[runners]] #1 "),
        (KUBERNETES + "poll_interval = 3", "moot", "kubernetes.poll_interval` has no effect"),
        (KUBERNETES + "imag = 'x'", "unknown", "the nearest known name here is `image`"),
        (KUBERNETES + "CPU_limits = 'x'", "unknown", "nearest known name here is `cpu_limit`"),
        (RUNNER + "image = 'x'", "unknown", "it is a key of `[runners.kubernetes]`"),
        (KUBERNETES + "zzzz = 1", "unknown", "no known key looks like it"),
        (RUNNER + "[runners.podlane]\npendinglimit = 1", "unknown", "is `pending_limit`"),
        (RUNNER + "[runners.docker]\nimage = 'x'", "moot", '`[[runners]] #1 "builder" docker`'),
        (
            RUNNER + "[runners.kubernetes.pod_security_context.seccomp_profile]\ntype='strict'",
            "careful",
            "kubernetes.pod_security_context.seccomp_profile.type` is none of RuntimeDefault,",
        ),
        (
            RUNNER + "[runners.kubernetes.build_container_security_context]\nproc_mount='all'",
            "careful",
            "build_container_security_context.proc_mount` is neither default nor unmasked: 'all'",
        ),
        (
            KUBERNETES + "namespace_per_job = true\nservice_account = 'ci'",
            "careful",
            "kubernetes.service_account` names an object that the new, empty namespace of a job",
        ),
        (
            RUNNER + "[runners.kubernetes]\nnamespace_per_job = true\n"
            "[[runners.kubernetes.volumes.secret]]\nname='a'\nmount_path='/a'",
            "careful",
            'line 9: `[[runners]] #1 "builder" kubernetes.volumes.secret` names an object',
        ),
        (RUNNER + "[runners.cache]\ntype = 's3'", "careful", "lacks `s3.BucketName`: jobs get no"),
        (
            RUNNER + "[runners.kubernetes.dns_config]\nnameserver = []",
            "unknown",
            "kubernetes.dns_config.nameserver` is unknown: the nearest known name here is `names",
        ),
        (
            RUNNER + "[runners.kubernetes.affinity.node_affinity]\nweigth = 0",
            "unknown",
            'line 8: `[[runners]] #1 "builder" kubernetes.affinity.node_affinity.weigth`',
        ),
        ("concurent = 4", "unknown", "line 1: `concurent` is unknown: the nearest known name"),
        ("[machine.shutdown_drain]\nenabled = true", "moot", "`machine` has no effect"),
        ("[session_server]\nlisten_address = ':1'", "later", "line 1: `session_server`"),
    ],
)
def test_a_key_that_is_not_honoured_is_said(text: str, kind: str, words: str) -> None:
    _, notes = read(text)
    assert [note.kind for note in notes] == [kind]
    assert words in notes[0].text


def test_a_closed_table_is_said_once_and_its_unknown_keys_too() -> None:
    _, notes = read(RUNNER + "[runners.referees.metrics]\nqueries=['a']\nquerys=1\n")
    assert [(note.kind, note.line) for note in notes] == [("moot", 7), ("unknown", 9)]


def test_keys_are_read_without_regard_to_case() -> None:
    config, notes = read("Concurrent = 3\n" + KUBERNETES + "Image = 'x'\nPULL_POLICY = 'never'")
    assert not notes
    assert (config.concurrent, config.runners[0].kubernetes.image) == (3, "x")
    assert config.runners[0].kubernetes.pull_policy == ("never",)


def test_other_executors_are_left_out_and_the_rest_goes_on() -> None:
    config, notes = read(RUNNER.replace("kubernetes", "docker") + RUNNER.replace("builder", "two"))
    assert [runner.name for runner in config.runners] == ["two"]
    assert [note.kind for note in notes] == ["skipped"]
    assert '"docker", which podlane does not run; it runs: kubernetes' in notes[0].text


def test_a_file_of_other_executors_only_is_refused() -> None:
    error = refused(RUNNER.replace('"kubernetes"', '"docker"'))
    assert 'line 6: `[[runners]] #1 "builder" executor` is "docker"' in error.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("concurrent = 0", "line 1: `concurrent` must be 1 or more, and is 0"),
        ("\nconcurrent = '4'", "line 2: `concurrent` must be a whole number, and is a text"),
        ("log_level = 'loud'", "line 1: `log_level` must be one of: panic"),
        ("[runners]\nname = 'x'", "line 1: `runners` is not a list of tables"),
        (RUNNER + "kubernetes = 3", '`[[runners]] #1 "builder" kubernetes` must be a table'),
        (
            KUBERNETES + "cpu_limit = 300",
            'line 8: `[[runners]] #1 "builder" kubernetes.cpu_limit` must be a text in quotes',
        ),
        (KUBERNETES + "privileged = 'yes'", "kubernetes.privileged` must be `true` or `false`"),
        (KUBERNETES + "bearer_token = 3", "kubernetes.bearer_token` must be a text in quotes"),
        (KUBERNETES + "pull_policy = 'Always'", "pull_policy` must be one of: always, if-not"),
        (RUNNER + "limit = -1", '`[[runners]] #1 "builder" limit` must be 0 or more, and is -1'),
        (RUNNER + "unhealthy_interval = '5 min'", 'line 7: `[[runners]] #1 "builder" unheal'),
        (
            KUBERNETES + "privileged = true\nallow_privilege_escalation = false",
            'line 9: `[[runners]] #1 "builder" kubernetes.allow_privilege_escalation` is false',
        ),
        (
            KUBERNETES
            + "privileged = true\n[runners.kubernetes.helper_container_security_context]\n"
            "allow_privilege_escalation = false",
            "kubernetes.helper_container_security_context.allow_privilege_escalation` is false",
        ),
        (
            RUNNER
            + "[runners.kubernetes.pod_security_context]\nrun_as_non_root = true\nrun_as_user = 0",
            'line 9: `[[runners]] #1 "builder" kubernetes.pod_security_context.run_as_user` is 0',
        ),
        (
            RUNNER + "[runners.kubernetes.pod_security_context]\nsupplemental_groups = [1, -1]",
            "pod_security_context.supplemental_groups` must be from 0 to 2147483647, and is -1",
        ),
        (
            RUNNER + "[runners.artifact]\nupload_timeout = 'an hour'",
            'line 8: `[[runners]] #1 "builder" artifact.upload_timeout` is no duration',
        ),
        (
            RUNNER + "[[runners.kubernetes.volumes.secret]]\nname = 'a'",
            'line 7: `[[runners]] #1 "builder" kubernetes.volumes.secret[0]` lacks `mount_path`',
        ),
        (
            RUNNER.replace("kubernetes", "docker") + RUNNER.replace("https://", ""),
            'line 10: `[[runners]] #2 "builder" url` is not the address of a web server',
        ),
        (RUNNER.replace("glrt-secret", ""), 'line 5: `[[runners]] #1 "builder" token` is empty'),
        (RUNNER.replace("glrt-secret", "GR1348941abc"), "holds a registration token"),
        ("[[runners]]\ntoken = 'x'", "line 1: `[[runners]] #1 url` is missing"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(text: str, words: str) -> None:
    assert words in refused(text).message


@pytest.mark.parametrize(
    "text",
    [
        "privileged = true\n[runners.kubernetes.{}_container_security_context]\n"
        "privileged = false\nallow_privilege_escalation = false",
        "allow_privilege_escalation = false\n[runners.kubernetes.{}_container_security_context]\n"
        "privileged = true\nallow_privilege_escalation = true",
    ],
)
def test_a_containers_own_word_is_no_contradiction(text: str) -> None:
    for name in ("build", "helper"):
        read(KUBERNETES + text.format(name))
    read(
        KUBERNETES + "privileged = true\n[runners.kubernetes.service_container_security_context]\n"
        "allow_privilege_escalation = false"
    )  # only jobs with a service fail


def test_variables_of_the_environment_fill_url_and_token() -> None:
    text = RUNNER.replace("https://gitlab.example", "$GITLAB/ci").replace("glrt-secret", "${T}")
    config, _ = read(text, GITLAB="https://git.example", T="glrt-secret")
    assert config.runners[0].url == "https://git.example"
    assert config.runners[0].token == Token("glrt-secret")
    assert "glrt-secret" not in repr(config)
    error = refused(text, GITLAB="https://git.example")
    assert '`[[runners]] #1 "builder" token` uses `$T`, which is not set' in error.message
    assert "set T where podlane is started" in error.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = 1\nb = = 2", "line 2, column 5: the file is not TOML: Invalid value: `b = = 2`"),
        (
            "token = glrt-secret",
            "line 1, column 9: the file is not TOML: Invalid value: `token = …`",
        ),
        ("x = glrt-secret", "`x = …` (its value is not shown)"),
        ("glrt-secret", "the line is not shown"),
        ("a = 1\na = 2", "line 2, column 6: the file is not TOML: Cannot overwrite a value"),
        ('a = """\nx', "line 1: the file is not TOML: the text that begins here with"),
    ],
)
def test_what_is_no_toml_is_refused_by_line_without_secrets(text: str, words: str) -> None:
    assert words in refused(text).message


def test_the_first_real_file() -> None:
    script = (
        '    if have npm; then npm config set _auth "$(cat /npm/auth)"; fi\n    [[ -n "$x" ]]\n'
    )
    text = f'''concurrent = 4
[[runners]]
  name = "my-gitlab-runner"
  url = "https://gitlab.example"
  token = "t"
  executor = "kubernetes"
  output_limit = 409600
  pre_build_script = """
{script}  """
  [runners.cache]
    Type = "s3"
    Shared = true
    [runners.cache.s3]
      Insecure = true
  [runners.kubernetes]
    cpu_limit = "300"
    [[runners.kubernetes.volumes.secret]]
      name = "npm-credentials"
      mount_path = "/npm-secrets"
      read_only = true
'''
    config, notes = read(text)
    runner = config.runners[0]
    assert runner.pre_build_script.startswith(script)
    assert runner.kubernetes.volumes.secret[0].read_only
    assert [(note.kind, note.line) for note in notes] == [("careful", 13), ("careful", 18)]
