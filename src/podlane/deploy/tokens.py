"""Whether GitLab takes the tokens of a wish, asked before anything is put in force by them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from podlane import __version__
from podlane.clients.gitlab.info import build_info
from podlane.clients.gitlab.runner_api import RunnerApi, RunnerIdentity
from podlane.clients.http.session import HttpSession
from podlane.clients.http.tls import find_tls_files
from podlane.core.config.model import RunnerConfig
from podlane.core.deploy.wish import Wish, derived_system_id
from podlane.core.text.token import short_token
from podlane.errors import PodlaneError, ServiceError

DEAD = "deploy-token"
_SECONDS = 10.0


async def refuse_dead(wish: Wish, tell: Callable[[str], None]) -> None:
    """PodlaneError for a token that GitLab refuses."""
    await identities(wish, tell)


async def identities(wish: Wish, tell: Callable[[str], None]) -> list[RunnerIdentity | None]:
    """What GitLab says of each runner. PodlaneError for a token that it refuses. A GitLab that does
    not answer here may answer the manager: that is said, and there is None for it."""
    with tempfile.TemporaryDirectory(prefix="podlane-") as folder:
        bundle = Path(folder) / "ca.crt"
        bundle.write_text("\n".join(wish.certificates.values()))
        found: list[RunnerIdentity | None] = []
        for runner in wish.config.runners:
            trusting = with_ca(runner, str(bundle) if wish.certificates else "")
            found.append(await _ask(trusting, wish, Path(folder), tell))
        return found


def with_ca(runner: RunnerConfig, bundle: str) -> RunnerConfig:
    """Files of the manager's pod are not here: what it trusts is in `bundle` (empty: nothing)."""
    is_here = runner.tls_ca_file and Path(runner.tls_ca_file).is_file()
    return runner if is_here else msgspec.structs.replace(runner, tls_ca_file=bundle)


async def _ask(
    runner: RunnerConfig, wish: Wish, folder: Path, tell: Callable[[str], None]
) -> RunnerIdentity | None:
    name = runner.name or runner.url
    http = HttpSession(find_tls_files(folder, runner), user_agent=f"podlane {__version__}")
    system_id = wish.system_id or derived_system_id(wish)
    try:
        async with asyncio.timeout(_SECONDS):
            api = RunnerApi(http, runner.url)
            return await api.verify(runner.token, system_id, build_info(__version__, {}))
    except ServiceError as error:
        if error.status == 403:
            raise PodlaneError(
                f"GitLab refuses the token {short_token(runner.token)} of {name}: it has ended, "
                "was revoked, or is another GitLab's",
                hint="`podlane register` gets a runner with a new one. Nothing was changed",
                reference=DEAD,
            ) from error
        hint = f" ({error.hint})" if error.hint else ""
        tell(f"  the token of {name} is not verified, for from here {error.message}{hint}")
    except TimeoutError:
        tell(f"  the token of {name} is not verified, for its GitLab does not answer here")
    finally:
        await http.close()
    return None
