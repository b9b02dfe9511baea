"""The shell text of one step: the job's variables, then each command after its echo.

Runs in a fresh shell with stdin at its end. errexit, and pipefail where the shell knows it, as
gitlab-runner has it. All data goes through `quote`; only the user's commands stand as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from podlane.core.plan.model import EnvVariable, JobPlan
from podlane.core.text.quote import quote

GREEN, RESET = "\x1b[32;1m", "\x1b[0;m"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEAD = """\
if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi
set -o errexit
set +o noclobber
"""
_LOAD_ENV = """\
if [ -r "$GITLAB_ENV" ]; then
  while IFS= read -r podlane_line || [ -n "$podlane_line" ]; do
    case ${podlane_line%%=*} in
      "$podlane_line" | *[!A-Za-z0-9_]* | [0-9]* | '') ;;
      *) export "$podlane_line" ;;
    esac
  done <"$GITLAB_ENV"
  unset podlane_line
fi
"""


def environment(plan: JobPlan, extra: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """The job's variables as a process sees them: file variables are paths. `extra` wins."""
    found = {
        variable.key: f"{plan.places.temporary}/{variable.key}"
        if variable.is_file
        else variable.value.replace("\0", "")  # no process can be given one
        for variable in plan.variables
        if _NAME.fullmatch(variable.key)
    }
    found["GITLAB_ENV"] = env_file(plan)
    return found | dict(extra)


def env_file(plan: JobPlan) -> str:
    """The file whose `KEY=VALUE` lines later steps get as variables."""
    return f"{plan.places.temporary}/gitlab_runner_env"


def parse_env_file(text: str) -> dict[str, str]:
    """Read the lines of the env file as a step does."""
    pairs = (line.partition("=") for line in text.split("\n"))
    return {key: value for key, sign, value in pairs if sign and _NAME.fullmatch(key)}


def files(plan: JobPlan) -> tuple[EnvVariable, ...]:
    return tuple(v for v in plan.variables if v.is_file and _NAME.fullmatch(v.key))


def render_step(
    variables: dict[str, str],
    commands: Iterable[str],
    *,
    folder: str,
    is_debug: bool = False,
    title: str = "",
) -> str:
    """Return the whole text of one step, run in `folder`. `title` is printed first, in green."""
    exports = "".join(f"export {key}={quote(value)}\n" for key, value in variables.items())
    parts = [exports, _LOAD_ENV, _HEAD, "set -o xtrace\n" if is_debug else ""]
    parts.append(f"cd {quote(folder)}\n")
    if title:
        parts.append(_say(f"{GREEN}{title}{RESET}"))
    parts += [_command(command.strip()) for command in commands]
    return "".join(parts)


def _command(command: str) -> str:
    if not command:
        return "echo\n"
    first, *rest = command.split("\n")
    shown = f"$ {first} # collapsed multi-line command" if rest else f"$ {first}"
    return f"{_say(f'{GREEN}{shown}{RESET}')}{command}\n"


def _say(text: str) -> str:
    return f"printf '%s\\n' {quote(text)}\n"
