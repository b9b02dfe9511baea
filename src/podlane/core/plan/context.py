"""What a job's plan depends on beside the job: the runner entry and the manager's identity."""

from __future__ import annotations

from typing import Any

import msgspec

from podlane.core.config.model import RunnerConfig
from podlane.core.plan.store import Shelf
from podlane.core.text.token import Token


class RunnerContext(msgspec.Struct, frozen=True):
    """Everything is handed in: making a plan looks at no clock, no file and no environment.

    `info` goes into the PUT bodies of the runner API. `ca_certificates` is PEM text that the job
    trusts beside the system's store; `has_own_certificates`: some of it is for all servers, not for
    GitLab's alone; `certificates_in_jobs`: the containers of jobs get it as well.
    `client_certificate` and `client_key` let the job in, where GitLab asks for them.
    `helper_image` is podlane's own image, unless the config names another. `docker_config` is the
    manager's own ~/.docker/config.json. `slot` and `project_slot` number the jobs that live at one
    time: the runner's (CI_CONCURRENT_ID) and the project's with it (CI_CONCURRENT_PROJECT_ID).
    `shelf`: what the shared cache holds ready for the job. `now`: when the job was handed out, in
    seconds since the epoch. `seat`: that of the manager that launches it, where there are several;
    `base_id`: the system id that they have in common.
    """

    runner: RunnerConfig
    installation: str
    system_id: str
    version: str
    info: dict[str, Any]
    manager_name: str = ""
    ca_certificates: str = ""
    has_own_certificates: bool = False
    certificates_in_jobs: bool = False
    client_certificate: str = ""
    client_key: Token = Token("")
    helper_image: str = ""
    docker_config: Token = Token("")
    revision: str = ""
    architecture: str = "linux/amd64"
    slot: int = 0
    project_slot: int = 0
    shelf: Shelf = Shelf()
    now: float = 0
    seat: str = ""
    base_id: str = ""
