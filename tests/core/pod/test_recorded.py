"""What is said of pods that the real cluster has shown us (`make record`): one row a state.

States that cannot be made on one node are composed from Kubernetes' documentation, and say so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from core.pod.states import MADE, RECORD
from podlane.core.pod.finding import Warned
from podlane.core.pod.state import PodState, RawPod, parse_pod
from podlane.core.pod.verdict import Entry, Patience, SpeakFor, Verdict, explained, judge

FOLDER = Path(__file__).parent / "recorded"


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def state(recorded: dict[str, Any]) -> PodState:
    return parse_pod(msgspec.convert(recorded["pod"], RawPod))


def verdict(name: str, after: float) -> Verdict:
    """What is done `after` seconds, with what the cluster has warned of where that is asked for."""
    recorded = load(name)
    pod = state(recorded)
    entry = Entry(RECORD, pod, seen_at=pod.created_at, pod_is_gone=recorded.get("is_gone", False))
    answer = judge(entry, pod.created_at + after, Patience())
    if isinstance(answer, SpeakFor) and (answer.is_unexplained or answer.is_refused):
        return explained(answer, tuple(Warned(**one) for one in recorded["events"]))
    return answer
