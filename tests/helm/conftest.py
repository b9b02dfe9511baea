"""Skips what needs helm where it is not built."""

from __future__ import annotations

import pytest

from helm import program


@pytest.fixture(autouse=True)
def _helm(request: pytest.FixtureRequest) -> None:
    if not program.is_built() and "helm_free" not in request.keywords:
        pytest.skip("helm is not built: `make helm`")
