"""The helper's last word: its termination message, which survives SIGKILL and the API's delays.

Written early and again at each change. `decided`: the outcome stands, GitLab has not taken it
yet. `accepted`: GitLab has. `deferred`: the manager shall speak, with the kubelet's evidence; an
outcome beside it says that the build container has never said hello.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from podlane.core.job.outcome import Outcome

SIZE_LIMIT = 256
OTHER_VERSION = 78
"""The exit code of a helper that cannot read its plan; its termination message says why."""


class LastWord(msgspec.Struct, frozen=True, omit_defaults=True):
    """`sent`: bytes of the trace that GitLab has acknowledged. `stage`: where the job was.
    `is_kept`: the build container lives on, for people to look into it. `waits`: seconds from the
    hand-out until a node had the pod, from then until all containers ran, and from the hand-out to
    the first line of the script; as many as there were, none where that is not known.
    """

    state: Literal["running", "decided", "accepted", "deferred"]
    outcome: Outcome | None = None
    sent: int = 0
    stage: str = ""
    is_kept: bool = False
    waits: tuple[float, ...] = ()


def encode_word(word: LastWord) -> bytes:
    return msgspec.json.encode(word)


def parse_word(text: str) -> LastWord | None:
    """Read a termination message; None when it is not one of ours (a crash leaves other text)."""
    try:
        return msgspec.json.decode(text, type=LastWord)
    except msgspec.MsgspecError:
        return None
