"""The PowerShell text of one step, where the runner's `shell` is pwsh; `core.plan.step` for pwsh.

Not run by our tests, which have no pwsh: golden scripts, and a property test of the quoting.

Commands stand in one block, so `return` ends the step well, as gitlab-runner has it. A terminating
error ends it with 1; a command that reports failure with $LASTEXITCODE, or 1 where that is 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from podlane.core.plan.step import (
    CLEAR,
    FOLDED,
    GREEN,
    PLAIN,
    RESET,
    Look,
    shown,
    too_long_to_export,
)
from podlane.core.text.quote import quote_pwsh

_HEAD = """\
$ErrorActionPreference = 'Stop'
[Console]::OutputEncoding = $OutputEncoding = New-Object System.Text.UTF8Encoding $false
function podlane_keep($key, $value) {
  Set-Variable -Scope Script -Name $key -Value $value -ErrorAction SilentlyContinue
}
function podlane_export($key, $value) {
  [Environment]::SetEnvironmentVariable($key, $value)
  podlane_keep $key $value
}
function podlane_time { [DateTimeOffset]::UtcNow.ToUnixTimeSeconds() }
"""
_LOAD_ENV = """\
if ($env:GITLAB_ENV -and (Test-Path -LiteralPath $env:GITLAB_ENV)) {
  foreach ($podlane_line in [System.IO.File]::ReadAllLines($env:GITLAB_ENV)) {
    if ($podlane_line -match '^([A-Za-z_][A-Za-z0-9_]*)=(.*)$') {
      podlane_export $Matches[1] $Matches[2]
    }
  }
}
"""
_CHECK = "if (!$?) { exit $(if ($LASTEXITCODE) { $LASTEXITCODE } else { 1 }) }\n"


def render_pwsh(
    variables: Mapping[str, str], commands: Iterable[str], *, folder: str, look: Look = PLAIN
) -> str:
    """Return the whole text of one step, run in `folder`."""
    own = too_long_to_export(variables)
    parts = [_HEAD]
    for key, value in variables.items():
        verb = "podlane_keep" if key in own else "podlane_export"
        parts.append(f"{verb} {quote_pwsh(key)} {quote_pwsh(value)}\n")
    parts += [_LOAD_ENV, f"Set-Location -LiteralPath {quote_pwsh(folder)}\n"]
    if look.title:
        parts.append(_say(f"{GREEN}{look.title}{RESET}"))
    parts.append("& {\n")
    if look.is_debug:
        parts.append("Set-PSDebug -Trace 2\n")
    texts = [command.strip() for command in commands]
    for command, fold in zip(texts, look.folds or ("",) * len(texts), strict=True):
        parts.append(_shown(command, fold))
        if command:
            parts += [f"{command}\n", _CHECK]
    parts.append("}\n")
    return "".join(parts)


def _shown(command: str, fold: str) -> str:
    if not command:
        return _say("")
    if not fold:
        return _say(f"{GREEN}{shown(command)}{RESET}")
    return _mark("start", f"{fold}{FOLDED}", f"{CLEAR}{GREEN}$ {command}{RESET}\n") + _mark(
        "end", fold, CLEAR
    )


def _mark(word: str, name: str, text: str) -> str:
    """A section mark: the carriage return is not written as itself, which editors would change."""
    pieces = [quote_pwsh(f"section_{word}:"), "(podlane_time)", quote_pwsh(f":{name}"), "[char]13"]
    return f"[Console]::Out.Write({' + '.join([*pieces, quote_pwsh(text)])})\n"


def _say(text: str) -> str:
    return f"[Console]::Out.WriteLine({quote_pwsh(text)})\n"
