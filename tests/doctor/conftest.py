"""Real stores, see `stores/fixtures.py`."""

from __future__ import annotations

from stores.fixtures import any_s3, azurite, one_s3

__all__ = ["any_s3", "azurite", "one_s3"]
