"""A config.toml without its secrets means the same once they are filled in."""

from __future__ import annotations

from podlane.core.config.check import check
from podlane.core.deploy.secrets import without_secrets

TEXT = """\
concurrent = 4 # as many as the quota allows

[[runners]]
  name = "one"
  url = "https://gitlab.test"
  token = "glrt-secret-one"
  executor = "kubernetes"
  [runners.cache]
    Type = "s3"
    [runners.cache.s3]
      ServerAddress = "store.test:9000"
      AccessKey = "access"
      secretkey = "hidden"
      BucketName = "caches"
  [runners.kubernetes]
    host = "https://api.test"
    bearer_token = "bearer"

[[runners]]
  url = "https://gitlab.test"
  token = "$FROM_ELSEWHERE"
  executor = "kubernetes"
"""
ELSEWHERE = {"FROM_ELSEWHERE": "glrt-secret-two"}


def test_it_means_the_same() -> None:
    text, secrets = without_secrets(TEXT)
    assert sorted(secrets) == [
        "PODLANE_CACHE_S3_ACCESSKEY_1",
        "PODLANE_CACHE_S3_SECRETKEY_1",
        "PODLANE_KUBERNETES_BEARER_TOKEN_1",
        "PODLANE_TOKEN_1",
    ]
    revealed = {name: token.reveal() for name, token in secrets.items()}
    assert check(text, revealed | ELSEWHERE).config == check(TEXT, ELSEWHERE).config
    assert check(TEXT, ELSEWHERE).config.runners[0].cache.s3.secret_key.reveal() == "hidden"


def test_no_secret_stays_and_everything_else_does() -> None:
    text, secrets = without_secrets(TEXT)
    assert not any(f'"{token.reveal()}"' in text for token in secrets.values())
    assert "concurrent = 4 # as many as the quota allows" in text
    assert text.count("\n") == TEXT.count("\n")
    assert 'token = "$PODLANE_TOKEN_1"' in text
    assert without_secrets(text) == (text, {})


def test_a_reference_to_nothing_is_a_fault_that_names_it() -> None:
    text, _ = without_secrets(TEXT)
    faults = check(text, ELSEWHERE | {"PODLANE_TOKEN_1": "t"}).faults
    assert sorted(fault.key for fault in faults) == [
        '[[runners]] #1 "one" cache.s3.AccessKey',
        '[[runners]] #1 "one" cache.s3.SecretKey',
        '[[runners]] #1 "one" kubernetes.bearer_token',
    ]
    assert "PODLANE_KUBERNETES_BEARER_TOKEN_1" in faults[-1].message


def test_a_name_that_comes_with_a_key_may_be_in_the_same_secret() -> None:
    text = """\
[[runners]]
  url = "https://gitlab.test"
  token = "t"
  executor = "kubernetes"
  [runners.cache.gcs]
    AccessID = "$PODLANE_CACHE_GCS_ACCESSID_1"
  [runners.cache.azure]
    AccountName = "$PODLANE_CACHE_AZURE_ACCOUNTNAME_1"
"""
    given = {
        "PODLANE_CACHE_GCS_ACCESSID_1": "someone@project",
        "PODLANE_CACHE_AZURE_ACCOUNTNAME_1": "account",
    }
    (runner,) = check(text, given).config.runners
    assert runner.cache.gcs.access_id == "someone@project"
    assert runner.cache.azure.account_name == "account"
    keys = {fault.key.rpartition(" ")[2] for fault in check(text, {}).faults}
    assert keys == {"cache.azure.AccountName", "cache.gcs.AccessID"}
