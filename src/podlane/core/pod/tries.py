"""How often the making of a job's objects is tried, and how long it goes on.

`retry_limits` counts tries by a piece of the API's sentence, and makes a refusal worth a further
try that would otherwise be final. Everything else that may pass is tried until `poll_timeout`.
"""

from __future__ import annotations

import msgspec

QUOTA = "exceeded quota"
_ENDING = "because it is being terminated"  # a namespace of an earlier hand-out of the job


class Tries(msgspec.Struct, frozen=True):
    """`limits`: `retry_limits`. `seconds`: `poll_timeout`. `most_pause`: seconds between two tries;
    None: podlane's own."""

    limits: dict[str, int] = {}
    seconds: float = 180
    most_pause: float | None = None

    def limit(self, message: str) -> int | None:
        """How many tries the config gives to an error with this sentence; None: it says nothing."""
        found = [most for part, most in self.limits.items() if part and part in message]
        return max(found, default=None)

    def may_pass(self, status: int, message: str) -> bool:
        """Whether a refusal may be another answer later: others' pods end."""
        is_passing = status == 403 and (QUOTA in message or _ENDING in message)
        return is_passing or self.limit(message) is not None

    def is_over(self, message: str, tries: int, waited: float) -> bool:
        """Whether the last of `tries`, `waited` seconds after the first, was the last one."""
        limit = self.limit(message)
        return waited > self.seconds if limit is None else tries >= limit
