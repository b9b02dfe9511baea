"""The block of figures at the end of a log: where the time went, memory and CPU of the containers.

Pure text from figures. Memory is what the processes held and could not give back (anonymous and
shared memory); the kernel's own peak counts the page cache as well, which it drops under pressure,
so it is named only where the two differ.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

MEBIBYTE = 1024 * 1024
NO_LIMIT = 1 << 60  # cgroup v1 writes "none" as a huge number
_HIGH, _LOW = 0.9, 0.2
_KEYS = {"build": "memory_limit", "helper": "helper_memory_limit"}
_LEAST = {"build": 64 * MEBIBYTE, "helper": 128 * MEBIBYTE}  # no limit below it is suggested
_ALWAYS = ("cloning", "script")
_STAGES = {
    "get_sources": "cloning",
    "restore_cache": "cache",
    "archive_cache": "cache",
    "archive_cache_on_failure": "cache",
    "download_artifacts": "artifacts",
    "upload_artifacts_on_success": "artifacts",
    "upload_artifacts_on_failure": "artifacts",
    "after_script": "after_script",
}


class Used(msgspec.Struct, frozen=True):
    """What a container has used since it began; 0 where it is not known, and no `limit`.

    Bytes: `held` by processes at most, as far as it was looked at; `peak` the kernel's, with the
    page cache. `oom`: how often the kernel has killed for lack of memory; `hits`: how often the
    limit was hit. `cpu`: microseconds. `forks`: processes refused for the limit of their number.
    """

    limit: int = 0
    peak: int = 0
    held: int = 0
    oom: int = 0
    hits: int = 0
    cpu: int = 0
    forks: int = 0

    @property
    def most(self) -> int:
        """The memory to speak of: what was held, or the kernel's peak where that is not known, and
        where it was held for too short a time to be seen: the kernel kills for no page cache."""
        return self.held if self.held and not self.oom else max(self.held, self.peak)

    @property
    def is_at_limit(self) -> bool:
        """Whether the limit was hit, as far as the kernel tells (a charge is 256 KiB)."""
        return bool(self.limit) and (self.hits > 0 or self.peak >= self.limit - MEBIBYTE)


class Start(msgspec.Struct, frozen=True):
    """Seconds before the helper worked: in GitLab's queue, until a node had the pod, and for
    images to come and containers to begin."""

    queued: float = 0
    scheduling: float = 0
    pulling: float = 0


def join(before: Used, now: Used) -> Used:
    """The newest figures; what was held at most is never forgotten."""
    return msgspec.structs.replace(
        now,
        held=max(before.held, now.held),
        limit=now.limit if now.limit < NO_LIMIT else 0,
    )


def block(
    start: Start,
    spent: Mapping[str, float],
    containers: Mapping[str, Used],
    told: Collection[str] = (),
) -> tuple[str, ...]:
    """The lines of the block. `spent`: seconds by log section. `told`: containers of whose memory
    more is said elsewhere, so they get no hint."""
    rows = [("time", _times(start, spent))]
    rows += [(name, _container(used)) for name, used in containers.items()]
    lines = [f"{name:<8}{text}" for name, text in rows if text]
    hints = [_hint(name, used) for name, used in containers.items() if name not in told]
    return (*lines, *(f"hint: {hint}" for hint in hints if hint))


def images(digests: Mapping[str, str]) -> tuple[str, ...]:
    """Which images ran: a line for each container."""
    return tuple(f"{'image':<8}{name}: {digest}" for name, digest in digests.items())


def seconds(number: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if number < 9.95:
        return f"{number:.1f} s"
    whole = round(number)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(number: int) -> str:
    """`812 KiB`, `215 MiB`, `3.2 GiB`."""
    if number < MEBIBYTE:
        return f"{number // 1024} KiB"
    if number < 1024 * MEBIBYTE:
        return f"{number / MEBIBYTE:.0f} MiB"
    return f"{number / MEBIBYTE / 1024:.1f} GiB".replace(".0 GiB", " GiB")


def quantity(number: float) -> str:
    """The next round Kubernetes quantity: a multiple of 64Mi, above 1Gi of 512Mi."""
    step = 64 if number <= 1024 * MEBIBYTE else 512
    mebibytes = -(-int(number) // (step * MEBIBYTE)) * step
    return f"{mebibytes // 1024}Gi" if mebibytes % 1024 == 0 else f"{mebibytes}Mi"


def _times(start: Start, spent: Mapping[str, float]) -> str:
    stages: dict[str, float] = {
        "queued": start.queued,
        "scheduling": start.scheduling,
        "pulling": start.pulling,
    }
    for section, took in spent.items():
        name = _STAGES.get(section, "script" if section.startswith("step_") else "")
        if name:
            stages[name] = stages.get(name, 0) + took
    shown = {name: took for name, took in stages.items() if took >= 0.05 or name in _ALWAYS}
    return ", ".join(f"{name} {seconds(took)}" for name, took in shown.items())


def _container(used: Used) -> str:
    parts = []
    if used.most:
        limit = f" of {size(used.limit)} ({_percent(used)} %)" if used.limit else ""
        parts.append(f"memory {size(used.most)}{limit}{_with_cache(used)}")
    if used.cpu:
        parts.append(f"CPU {seconds(used.cpu / 1e6)}")
    return ", ".join(parts)


def _percent(used: Used) -> int:
    return round(100 * used.most / used.limit)


def _with_cache(used: Used) -> str:
    is_other = used.peak > used.most * 1.1 + 8 * MEBIBYTE
    return f", {size(used.peak)} with the page cache" if is_other else ""


def _hint(name: str, used: Used) -> str:
    key = _KEYS.get(name)
    if not key or not used.limit or not used.most:
        return ""
    share = used.most / used.limit
    if share >= _HIGH:
        wanted = quantity(max(used.most * 1.4, used.limit * 1.2))
        return f"{name} came close to its memory limit; `{key}` could be {wanted}"
    wanted = quantity(max(used.most * 2, _LEAST[name]))
    if share <= _LOW and used.limit > _LEAST[name]:
        return f"{name} used little of its memory limit; `{key}` could be {wanted}"
    return ""
