"""The GitLab side of the runner API, embedded; written from the protocol."""

from podlane.local.coordinator.app import Coordinator
from podlane.local.coordinator.faults import Fault
from podlane.local.coordinator.jobs import CoordinatorJob
from podlane.local.coordinator.listener import StateChange, StateListener
from podlane.local.coordinator.runners import RegisteredRunner

__all__ = [
    "Coordinator",
    "CoordinatorJob",
    "Fault",
    "RegisteredRunner",
    "StateChange",
    "StateListener",
]
