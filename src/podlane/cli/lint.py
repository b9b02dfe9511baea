"""`podlane lint`: gitlab-runner's name for `podlane config check`."""

from __future__ import annotations

from podlane.cli.config.check import command

__all__ = ["command"]
