"""Object stores as fixtures: one of each kind for the whole session. What cannot be had is skipped
with the reason; `make stores` gets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from stores import azure, s3
from stores.azure import Azure
from stores.process import NotHere
from stores.s3 import S3

_Start = Callable[[Path], AbstractContextManager[S3]]
_KINDS: dict[str, _Start] = {"moto": s3.moto, "versitygw": s3.versitygw}


@pytest.fixture(scope="session", params=list(_KINDS))
def any_s3(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[S3]:
    """Each S3 that can be had here."""
    yield from _serve(request.param, tmp_path_factory)


@pytest.fixture(scope="session")
def one_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """The S3 that needs nothing but Python."""
    yield from _serve("moto", tmp_path_factory)


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    if not azure.is_installed():
        pytest.skip("azurite is not installed: `make stores`")
    with azure.azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server


def _serve(kind: str, factory: pytest.TempPathFactory) -> Iterator[S3]:
    if kind == "versitygw" and not s3.is_built():
        pytest.skip("versitygw is not built: `make stores`")
    try:
        with _KINDS[kind](factory.mktemp(kind)) as server:
            yield server
    except NotHere as error:
        pytest.skip(str(error))
