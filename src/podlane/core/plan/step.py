"""The shell text of one step: the job's variables, then each command after its echo.

Runs in a fresh shell with stdin at its end. errexit, and pipefail where the shell knows it, as
gitlab-runner has it. All data goes through `quote`; only the user's commands stand as they are.
`core.plan.pwsh` is the same for PowerShell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from podlane.core.job.variables import READONLY
from podlane.core.plan.model import EnvVariable, JobPlan
from podlane.core.text.quote import quote

GREEN, RESET, CLEAR = "\x1b[32;1m", "\x1b[0;m", "\x1b[0K"
FOLDED = "[hide_duration=true,collapsed=true]"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Linux starts no program with a longer string in its environment, nor with more of them in all
_LONGEST_VALUE = 128 * 1024
_MOST_OF_ALL = 1024 * 1024
_HEAD = """\
if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi
set -o errexit
set +o noclobber
"""
_LOAD_ENV = f"""\
if [ -r "$GITLAB_ENV" ]; then
  while IFS= read -r podlane_line || [ -n "$podlane_line" ]; do
    case ${{podlane_line%%=*}} in
      "$podlane_line" | *[!A-Za-z0-9_]* | [0-9]* | '' | {" | ".join(READONLY)}) ;;
      *) export "$podlane_line" ;;
    esac
  done <"$GITLAB_ENV"
  unset podlane_line
fi
"""
_CHECK = """\
podlane_status=$?; if [ $podlane_status -ne 0 ]; then exit $podlane_status; fi
"""


class Look(msgspec.Struct, frozen=True):
    """How a step shows itself. `title` is printed first, in green. `folds`: by command, the name
    of the log section in which its text is folded, or "". `home`: where HOME is, if the container
    has none that can be written. `with_checks`: each command's status is looked at as well."""

    title: str = ""
    folds: tuple[str, ...] = ()
    home: str = ""
    is_debug: bool = False
    with_checks: bool = False


PLAIN = Look()


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


def home(plan: JobPlan) -> str:
    """The home folder of scripts whose container has none: no name that a variable can have."""
    return f"{plan.places.temporary}/.home"


def parse_env_file(text: str) -> dict[str, str]:
    """Read the lines of the env file as a step does."""
    pairs = (line.partition("=") for line in text.split("\n"))
    return {key: value for key, sign, value in pairs if sign and _NAME.fullmatch(key)}


def files(plan: JobPlan) -> tuple[EnvVariable, ...]:
    return tuple(v for v in plan.variables if v.is_file and _NAME.fullmatch(v.key))


def too_long_to_export(variables: Mapping[str, str]) -> tuple[str, ...]:
    """The variables with which no program could be started: the longest, until the rest will do.

    A shell can still have them, for itself.
    """
    sizes = {key: len(key) + len(value.encode()) + 2 for key, value in variables.items()}
    left, found = sum(sizes.values()), []
    for key, size in sorted(sizes.items(), key=lambda item: item[1], reverse=True):
        if size <= _LONGEST_VALUE and left <= _MOST_OF_ALL:
            break
        found.append(key)
        left -= size
    return tuple(found)


def render_step(
    variables: Mapping[str, str], commands: Iterable[str], *, folder: str, look: Look = PLAIN
) -> str:
    """Return the whole text of one step, run in `folder`."""
    own = too_long_to_export(variables)
    parts = ["set -o xtrace\n"] if look.is_debug else []
    parts += [
        f"{'' if key in own else 'export '}{key}={quote(value)}\n"
        for key, value in variables.items()
    ]
    quiet = _LOAD_ENV + _HEAD + ("" if "HOME" in variables else _home(look.home))
    parts.append(_untraced(quiet) if look.is_debug else quiet)
    parts.append(f"cd {quote(folder)}\n")
    if look.title:
        parts.append(_say(f"{GREEN}{look.title}{RESET}"))
    texts = [command.strip() for command in commands]
    folds = look.folds or ("",) * len(texts)
    for command, fold in zip(texts, folds, strict=True):
        parts.append(_shown(command, fold))
        if command:
            parts.append(f"{command}\n")
            parts.append(_CHECK if look.with_checks else "")
    return "".join(parts)


def shown(command: str) -> str:
    """What stands in the log before a command runs."""
    first, *rest = command.split("\n")
    first = first.rstrip("\r")
    return f"$ {first} # collapsed multi-line command" if rest else f"$ {first}"


def _shown(command: str, fold: str) -> str:
    if not command:
        return "echo\n"
    if not fold:
        return _say(f"{GREEN}{shown(command)}{RESET}")
    start = quote(f"section_start:%s:{fold}{FOLDED}\\r%s\\n")
    end = quote(f"section_end:%s:{fold}\\r%s")
    text = quote(f"{CLEAR}{GREEN}$ {command}{RESET}")
    now = '"$(date +%s 2>/dev/null || echo 0)"'
    return f"printf {start} {now} {text}\nprintf {end} {now} {quote(CLEAR)}\n"


def _untraced(text: str) -> str:
    return f"{{ set +o xtrace; }} 2>/dev/null\n{text}set -o xtrace\n"


def _home(folder: str) -> str:
    """Many images know no home for the uid that a cluster chooses: `/`, which it may not write."""
    if not folder:
        return ""
    test = '[ -d "${HOME:-}" ] && [ -w "${HOME:-}" ]'
    return f"if {test}; then :; else export HOME={quote(folder)}; fi\n"


def _say(text: str) -> str:
    return f"printf '%s\\n' {quote(text)}\n"
