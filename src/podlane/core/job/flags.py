"""Feature flags (`FF_…`): what the runner's default, the job and the config say, in that order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from podlane.core.job.payload import Variable
from podlane.core.text.boolean import format_boolean, parse_boolean

PREFIX = "FF_"
DEFAULTS = {  # the flags that podlane heeds
    "FF_CLEAN_UP_FAILED_CACHE_EXTRACT": False,
    "FF_ENABLE_BASH_EXIT_CODE_CHECK": False,
    "FF_ENABLE_JOB_CLEANUP": False,
    "FF_ENABLE_JOB_INPUTS_INTERPOLATION": True,
    "FF_HASH_CACHE_KEYS": False,
    "FF_KUBERNETES_HONOR_ENTRYPOINT": False,
    "FF_MASK_ALL_DEFAULT_TOKENS": True,
    "FF_SCRIPT_SECTIONS": False,
    "FF_SECRET_RESOLVING_FAILS_IF_MISSING": True,
    "FF_TIMESTAMPS": True,
    "FF_USE_ADVANCED_POD_SPEC_CONFIGURATION": False,
    "FF_USE_DIRECT_DOWNLOAD": True,
    "FF_USE_EXPONENTIAL_BACKOFF_STAGE_RETRY": True,
    "FF_USE_GITALY_CORRELATION_ID": True,
    "FF_USE_GIT_BUNDLE_URIS": True,
    "FF_USE_GIT_NATIVE_CLONE": False,
    "FF_USE_GIT_PROACTIVE_AUTH": False,
    "FF_USE_PARALLEL_ARTIFACT_TRANSFER": False,
    "FF_USE_PARALLEL_CACHE_TRANSFER": False,
}
# What these switch on is always so here, or concerns what is not there: nobody needs to hear of it
_AS_WELL = frozenset(
    {
        "FF_DISABLE_POWERSHELL_STDIN",
        "FF_DISABLE_UMASK_FOR_DOCKER_EXECUTOR",
        "FF_DISABLE_UMASK_FOR_KUBERNETES_EXECUTOR",
        "FF_GIT_URLS_WITHOUT_TOKENS",
        "FF_NETWORK_PER_BUILD",
        "FF_POSIXLY_CORRECT_ESCAPES",
        "FF_RESOLVE_FULL_TLS_CHAIN",
        "FF_USE_ADAPTIVE_REQUEST_CONCURRENCY",
        "FF_USE_DYNAMIC_TRACE_FORCE_SEND_INTERVAL",
        "FF_USE_FASTZIP",
        "FF_USE_LEGACY_BASH_EVAL",
        "FF_USE_POD_ACTIVE_DEADLINE_SECONDS",
    }
)


class Flags(msgspec.Struct, frozen=True):
    """`values`: every flag that podlane knows or somebody set. `bad`: flags whose word is none.
    `told`: those that somebody set."""

    values: Mapping[str, bool]
    bad: tuple[str, ...] = ()
    told: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> bool:
        return self.values[name]

    def is_on(self, name: str) -> bool:
        """Tell whether a flag that is off by default has been switched on."""
        return self.values.get(name, False)

    def changed(self) -> dict[str, bool]:
        """The flags that differ from their default."""
        return {
            name: value
            for name, value in sorted(self.values.items())
            if value != DEFAULTS.get(name, value)
        }

    def vain(self) -> tuple[str, ...]:
        """Flags that somebody has switched on in vain: no such thing is here, or nowhere."""
        known = DEFAULTS.keys() | _AS_WELL
        return tuple(name for name in sorted(self.told - known) if self.values[name])

    def variables(self) -> list[Variable]:
        """The flags as a script sees them: those that somebody set."""
        return [
            Variable(key=name, value=format_boolean(self.values[name]), public=True, raw=True)
            for name in sorted(self.told)
        ]


def resolve_flags(asked: Iterable[Variable], configured: Mapping[str, bool]) -> Flags:
    """`asked`: the variables of runner and job; `configured`: `[runners.feature_flags]`."""
    told: dict[str, bool] = {}
    bad: list[str] = []
    for item in asked:
        if not item.key.startswith(PREFIX):
            continue
        try:
            told[item.key] = parse_boolean(item.value)
        except ValueError:
            if item.value:
                bad.append(item.key)
    told |= configured
    return Flags({**DEFAULTS, **told}, tuple(bad), frozenset(told))
