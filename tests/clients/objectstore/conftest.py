"""Real stores, see `stores/fixtures.py`, and a place to run the steps of a transfer."""

from __future__ import annotations

from stores.fixtures import any_s3, azurite

__all__ = ["any_s3", "azurite"]
