"""One question to GitLab from a command: a session is opened, used and closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from podlane import __version__
from podlane.clients.gitlab.runner_api import RunnerApi
from podlane.clients.http.session import HttpSession
from podlane.clients.http.tls import find_tls_files
from podlane.core.config.model import RunnerConfig

T = TypeVar("T")

NEW_TOKEN = "glrt-"


def ask(runner: RunnerConfig, folder: Path, call: Callable[[RunnerApi], Awaitable[T]]) -> T:
    """Run `call` on the runner's GitLab; certificates lie beside the config in `folder`."""

    async def session() -> T:
        http = HttpSession(find_tls_files(folder, runner), user_agent=f"podlane {__version__}")
        try:
            return await call(RunnerApi(http, runner.url))
        finally:
            await http.close()

    return asyncio.run(session())
