"""Every order of events of the hand-over, searched: who makes a job's pod, who runs it, who speaks.

`world.py` is the state, `gitlab.py`, `pods.py` and `managers.py` say what can happen next,
`search.py` looks at all of it. The decisions are podlane's own functions (`rules.py`).
docs/handover.md tells the invariants.
"""
