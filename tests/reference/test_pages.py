"""The reference has every key, with who reads it and what shows it, and is what the code says."""

from __future__ import annotations

import re

import pytest

from podlane.cli.config.facts import facts
from reference.goldens import golden_case
from reference.owners import SOURCES, owners
from reference.pages import FOLDER, MANUAL, headings, manual, pages
from reference.samples import honoured
from reference.test_every_key import EXCEPTIONS

UNSEEN = {"runners.cache.azure.AccountKey": "it makes signatures, which no golden file shows"}


def test_pages_are_what_make_reference_writes() -> None:
    kept = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
    assert kept == pages(), "run `make reference` and review the difference"


def test_the_manual_page_is_what_make_reference_writes() -> None:
    assert MANUAL.read_text() == manual(), "run `make reference` and review the difference"


def test_every_key_has_a_heading() -> None:
    kept = [headings(path.read_text()) for path in FOLDER.glob("*.md")]
    assert {name.lower() for name in facts()} == set().union(*kept)


def test_every_key_has_an_owner() -> None:
    unread = [fact.name for fact in honoured() if not owners(fact)]
    assert not set(unread) - set(EXCEPTIONS)
    assert all((SOURCES / path).is_file() for fact in honoured() for path in owners(fact))


def test_every_key_has_a_golden_case() -> None:
    unseen = [fact.name for fact in honoured() if not golden_case(fact)]
    assert not set(unseen) - set(EXCEPTIONS) - set(UNSEEN)
    assert len(set(EXCEPTIONS) | set(UNSEEN)) <= 12


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("runners.kubernetes.poll_timeout", "manager/runner.py"),
        ("runners.limit", "core/config/polling.py"),
        ("runners.kubernetes.cpu_limit", "core/plan/overwrites/amounts.py"),
        ("runners.kubernetes.volumes.secret.sub_path", "core/pod/configured.py"),
        ("runners.tls-ca-file", "clients/http/tls.py"),
    ],
)
def test_owners_are_who_one_would_name(name: str, expected: str) -> None:
    assert expected in owners(facts()[name])


def test_every_link_leads_somewhere() -> None:
    for page in FOLDER.glob("*.md"):
        for target, anchor in re.findall(r"\]\(([^)#]+)#?([^)]*)\)", page.read_text()):
            path = (FOLDER / target).resolve()
            assert path.exists(), target
            assert not anchor or anchor in headings(path.read_text()), anchor
