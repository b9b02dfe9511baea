"""How a command of podlane ended, run in the test's own process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import click.testing
import msgspec

from podlane.cli import main


class Ended(msgspec.Struct):
    code: int
    out: str
    err: str


Podlane = Callable[..., Ended]


def run(*arguments: str, typed: str = "", **environ: str) -> Ended:
    """Run a command line through the one place that makes exit codes."""
    with click.testing.CliRunner().isolation(input=typed, env=environ) as (out, err, _):
        with ThreadPoolExecutor(1) as thread:  # the event loop of pytest's thread stays its own
            code = thread.submit(main.run, list(arguments)).result()
        sys.stdout.flush()
        sys.stderr.flush()
        return Ended(code, out.getvalue().decode(), err.getvalue().decode())
