"""What the API server's answer to a trial run means: for quota and limits, for Pod Security, and
for whatever else refuses pods."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from podlane.core.pod.refusals import of_admission
from podlane.core.text.quantity import parse_quantity
from podlane.doctor.finding import Finding, failed, ok, skipped
from podlane.errors import ServiceError

QUOTA, SECURITY, OTHER = "quota and limits", "pod security", "admission"
_LEVEL = "pod-security.kubernetes.io/enforce"
_EXCEEDED = re.compile(r"exceeded quota: ([^,]+), requested: (.+), used: (.+), limited: (.+)")
_UNSAID = re.compile(r"failed quota: ([^:]+): must specify (.+)")
_LIMIT = re.compile(r"(maximum|minimum|max limit to request ratio).* per (Container|Pod)")
_RIGHT = re.compile(r"cannot create resource \"pods\"")
_ACCOUNT = re.compile(r"serviceaccount \"[^\"]+\" not found")
_KEYS = {
    "limits.cpu": "cpu_limit",
    "limits.memory": "memory_limit",
    "limits.ephemeral-storage": "ephemeral_storage_limit",
    "requests.cpu": "cpu_request",
    "requests.memory": "memory_request",
    "requests.ephemeral-storage": "ephemeral_storage_request",
    "cpu": "cpu_request",
    "memory": "memory_request",
}


def findings(
    namespace: str, refusal: ServiceError | None, labels: Mapping[str, str] | None
) -> Iterator[Finding]:
    """`labels`: the namespace's; None: not known."""
    said = "" if refusal is None else refusal.message
    quota = _quota(namespace, said)
    security = _security(namespace, said)
    other = None if quota or security or not said else _other(namespace, said)
    why = "the namespace refuses the pod for another reason first"
    if other is not None and other.state == "skip":
        why = other.message
    yield quota or (
        skipped(QUOTA, why) if said else ok(QUOTA, f"the pod of a job fits into {namespace}")
    )
    level = (labels or {}).get(_LEVEL, "")
    enforced = f"{namespace} enforces {level}; " if level else ""
    if labels is not None and not level:
        enforced = f"{namespace} enforces no level; "
    yield security or (
        skipped(SECURITY, enforced + why)
        if said and not quota
        else ok(SECURITY, f"{enforced}the pod of a job is taken")
    )
    if other is not None and other.state == "FAIL":
        yield other


def _quota(namespace: str, said: str) -> Finding | None:
    if found := _EXCEEDED.search(said):
        return _exceeded(namespace, *found.groups())
    if found := _UNSAID.search(said):
        name, what = found.groups()
        words = re.findall(r"[a-z]+\.[a-z-]+|cpu|memory", re.sub(r" for: [^;]*", "", what))
        keys = dict.fromkeys(_KEYS[word] for word in words if word in _KEYS)
        both = ", ".join(f"`{key}` and `helper_{key}`" for key in keys)
        fix = f"set {both or 'requests and limits'} in [runners.kubernetes]"
        return failed(QUOTA, f"the quota {name} of {namespace} wants them said: {what}", fix)
    if _LIMIT.search(said):
        what = said.partition("is forbidden: ")[2] or said
        fix = (
            "keep `cpu_limit`, `memory_limit`, their `_request`s and those of `helper_…` within "
            f"it: `kubectl -n {namespace} describe limitrange`"
        )
        return failed(QUOTA, f"a limit range of {namespace}: {what}", fix)
    return None


def _exceeded(namespace: str, name: str, asked: str, used: str, limited: str) -> Finding:
    """Too large for ever is a failure; a quota that is used up now is what quotas are for."""
    message = f"the quota {name} of {namespace}: asked {asked}, used {used}, limited to {limited}"
    wanted, most = _amounts(asked), _amounts(limited)
    too_large = [key for key, amount in wanted.items() if amount > most.get(key, amount)]
    if not too_large:
        fix = "jobs wait until others end; lower `concurrent`, or raise the quota: "
        return Finding("warn", QUOTA, message, f"{fix}`kubectl -n {namespace} edit quota {name}`")
    keys = ", ".join(
        f"`{_KEYS[key]}` and `helper_{_KEYS[key]}`" for key in too_large if key in _KEYS
    )
    lower = f"lower {keys} in [runners.kubernetes], or " if keys else ""
    fix = f"{lower}raise the quota: `kubectl -n {namespace} edit quota {name}`"
    return failed(QUOTA, f"one pod is more than {message.removeprefix('the quota ')}", fix)


def _amounts(text: str) -> dict[str, float]:
    pairs = (part.partition("=")[::2] for part in text.split(","))
    found = {}
    for key, amount in pairs:
        try:
            found[key.strip()] = float(parse_quantity(amount.strip()))
        except ValueError:
            continue
    return found


def _security(namespace: str, said: str) -> Finding | None:
    fix = of_admission(said)
    if not fix:
        return None
    return failed(SECURITY, said.partition("is forbidden: ")[2] or said, fix)


def _other(namespace: str, said: str) -> Finding | None:
    if _ACCOUNT.search(said):
        return None  # which has a line of its own
    if _RIGHT.search(said):
        return skipped(OTHER, "not known without the right to create pods")
    what = said.partition("is forbidden: ")[2] or said
    if found := re.search(r"no PriorityClass with name (\S+) was found", said):
        fix = (
            f"kubectl create priorityclass {found[1]} --value=0, or leave `priority_class_name` out"
        )
        return failed(OTHER, what, fix)
    if found := re.search(r"RuntimeClass \"([^\"]+)\" not found", said):
        fix = f"make the RuntimeClass {found[1]}, or change `runtime_class_name`"
        return failed(OTHER, what, fix)
    fix = (
        f"a rule of the cluster refuses jobs' pods in {namespace}; `podlane plan` shows such a pod"
    )
    return failed(OTHER, what, fix)
