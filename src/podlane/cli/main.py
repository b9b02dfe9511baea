"""`podlane`: the helper starts at once, everything else goes through the table of commands.

The one place where errors become text and exit codes: 1 expected, 2 the configuration or the
command line, 3 a bug of podlane, 130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator

from podlane.errors import ConfigError, PodlaneError

EXPECTED, CONFIGURATION, BUG, INTERRUPTED = 1, 2, 3, 130


def main() -> None:
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        if arguments[:1] == ["helper"] and arguments[1:] and arguments[1][0] != "-":
            # before anything is imported that the helper does not need
            return int(importlib.import_module("podlane.helper.main").main(arguments[1:]))
        return int(importlib.import_module("podlane.cli.table").run_command(arguments))
    except (KeyboardInterrupt, Exception, BaseExceptionGroup) as error:  # noqa: BLE001
        return explain(error)


def explain(error: BaseException) -> int:
    leaves = list(_leaves(error))
    if any(isinstance(leaf, KeyboardInterrupt) for leaf in leaves):
        return INTERRUPTED
    if all(isinstance(leaf, BrokenPipeError) for leaf in leaves):
        # who read our output has gone; Python would complain once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXPECTED
    if not all(isinstance(leaf, PodlaneError) for leaf in leaves):
        return _bug(error)
    for leaf in leaves:
        print(_text(leaf), file=sys.stderr)
    return CONFIGURATION if any(isinstance(leaf, ConfigError) for leaf in leaves) else EXPECTED


def _text(error: BaseException) -> str:
    """What happened, the name to look it up by, and what to do."""
    if not isinstance(error, PodlaneError):
        return f"error: {error}"
    hint = f"\nhint: {error.hint}" if error.hint else ""
    return f"error: {error.message} [{error.reference}]{hint}"


def _bug(error: BaseException) -> int:
    import traceback

    traceback.print_exception(error)
    print("error: this is a bug in podlane; please report it with the lines above", file=sys.stderr)
    return BUG


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Take apart what several tasks raised together."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
