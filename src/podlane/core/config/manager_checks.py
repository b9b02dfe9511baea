"""The checks of the tables that concern the manager alone; see faults.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from podlane.core.config import autoscaler, experimental, monitoring, session, usage
from podlane.core.config.autoscaler import Autoscaler, AutoscalerPolicy
from podlane.core.config.experimental import BootVerify
from podlane.core.config.monitoring import JobQueuingDuration
from podlane.core.config.session import SessionServer
from podlane.core.config.usage import LogRotate, UsageLogger

MANAGER: dict[type, tuple[Callable[[Any], Iterator[tuple[str, str]]], ...]] = {
    UsageLogger: (usage.faults,),
    LogRotate: (usage.faults_of_files,),
    SessionServer: (session.faults,),
    BootVerify: (experimental.faults,),
    Autoscaler: (autoscaler.faults,),
    AutoscalerPolicy: (autoscaler.faults_of_policy,),
    JobQueuingDuration: (monitoring.faults,),
}
