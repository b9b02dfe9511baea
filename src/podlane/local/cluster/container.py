"""One container as one process: started from its manifest, watched to its end.

The environment holds PATH, HOME, HOSTNAME and what the manifest gives, nothing of ours. There are
no images: arguments without a command run only as for an image that has no entrypoint, if they
begin with `sh`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from uuid import uuid4

from msgspec import Struct

from podlane.local.cluster import expand, folders, processes
from podlane.local.cluster.kinds import Object
from podlane.local.cluster.spawn import Output, Process
from podlane.local.cluster.status import Running, State, Terminated, Waiting
from podlane.local.cluster.store import now_text

_MESSAGE_LIMIT_BYTES = 4096
_TAIL_LINES, _TAIL_BYTES = 80, 2048
_OUTPUT_LIMIT_BYTES = 1024 * 1024
_RUNC = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
    "runc create failed: unable to start container process: "
)


_MARKS = count()
_log = logging.getLogger(__name__)


class StartFailed(Exception):
    """The command cannot be started; the text is runc's."""


class Place(Struct, frozen=True):
    """Where a container may write: its own folder, its output, and the roots for workingDir."""

    folder: Path
    output: Path
    roots: Sequence[Path]


class Container:
    def __init__(self, pod: Object, spec: Object, place: Place) -> None:
        self.name: str = spec["name"]
        self.spec = spec
        self.state: State = Waiting()
        self.killed_for = ""
        self.over = asyncio.Event()
        """The container has ended, and its state says how."""
        self.mark = next(_MARKS)
        self._pod_name: str = pod["metadata"]["name"]
        self._place = place
        self._process: Process | None = None
        self._output: Output | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    @property
    def leaders(self) -> dict[int, int]:
        """The main process and the mark of all that came of it."""
        return {self.pid: self.mark} if self._process is not None else {}

    @property
    def is_running(self) -> bool:
        return isinstance(self.state, Running)

    @property
    def has_process(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def start(self, pod: Object, read: expand.ReadData) -> None:
        """Start the process, or become terminated with StartError; ConfigProblem: not yet."""
        given = expand.environment(pod, self.spec, read)
        identity = f"podlane://{uuid4().hex}{uuid4().hex}"
        words = [*self.spec.get("command", ()), *self.spec.get("args", ())]
        if not self.spec.get("command") and words[:1] != ["sh"]:
            self._only_seem()
            self.state = Running(now_text(), identity)
            return
        try:
            self._message_file().parent.mkdir(parents=True, exist_ok=True)
            self._message_file().touch()
            self._spawn([expand.expand(word, given) for word in words], given)
        except (StartFailed, OSError) as error:
            self._fail_to_start(str(error), identity)
            return
        self.state = Running(now_text(), identity)

    def lack_program(self) -> None:
        """The image has no program of the command's name."""
        command = next(iter(self.spec.get("command", ())), "sh")
        self._fail_to_start(_exec_trouble(command, FileNotFoundError()), f"podlane://{uuid4().hex}")

    def _fail_to_start(self, why: str, identity: str) -> None:
        message = f"{_RUNC}{why}: unknown"
        self.state = _finished(Terminated(128, "StartError", message, container_id=identity))

    def _only_seem(self) -> None:
        """An image cannot run here: say so once, where its output would stand and in the log."""
        text = "no command is given and images cannot run here: it is only shown as running"
        self._place.output.write_text(f"{self.name}: {text}\n")
        _log.info(text, extra={"pod": self._pod_name, "container": self.name})

    def _spawn(self, words: Sequence[str], given: dict[str, str]) -> None:
        folder = self._working_folder()
        environ = {
            "PATH": _path(words[0]),
            "HOME": str(self._place.folder),
            "HOSTNAME": self._pod_name,
        }
        self._output = Output(self._place.output, _OUTPUT_LIMIT_BYTES)
        try:
            self._process = Process(
                words,
                self.mark,
                folder=folder,
                environ=environ | given,
                output=self._output.write_end,
            )
        except (OSError, ValueError) as error:
            raise StartFailed(_exec_trouble(words[0], error)) from error
        finally:
            self._output.started()
            if self._process is None:
                self._output.close()

    def _working_folder(self) -> Path:
        self._place.folder.mkdir(parents=True, exist_ok=True)
        wanted = self.spec.get("workingDir", "")
        if not wanted:
            return self._place.folder
        folder = Path(wanted)
        if not folder.is_dir() and folders.is_inside(folder, self._place.roots):
            folder.mkdir(parents=True)
        if not folder.is_dir():
            raise StartFailed(
                f'chdir to cwd ("{wanted}") set in config.json failed: no such folder'
            )
        return folder

    def _message_file(self) -> Path:
        path = self.spec.get("terminationMessagePath", "")
        if path in ("", "/dev/termination-log"):
            return self._place.folder / "termination-log"
        return Path(path)

    async def ended(self, *, delay: float = 0.0) -> None:
        """Wait for the process, end what it left in its session, and take its last words."""
        if self._process is None or not isinstance(self.state, Running):
            return
        code = await self._process.wait()
        await processes.kill_all(self.leaders)
        if self._output is not None:
            self._output.close()
        if delay:
            await asyncio.sleep(delay)
        self.state = _finished(self._terminated(self.state, code))

    def end_without_process(self, code: int = 0) -> None:
        """A container that only seemed to run ends with its pod."""
        if self._process is None and isinstance(self.state, Running):
            self.state = _finished(self._terminated(self.state, code))

    def _terminated(self, state: Running, code: int) -> Terminated:
        code = 128 - code if code < 0 else code
        reason = self.killed_for or ("Error" if code else "Completed")
        words = self._last_words() or self._last_output(code)
        return Terminated(code, reason, words, state.started_at, None, state.container_id)

    def _last_output(self, code: int) -> str:
        """With FallbackToLogsOnError, the tail of the output stands in for the message."""
        policy = self.spec.get("terminationMessagePolicy")
        if not code or policy != "FallbackToLogsOnError":
            return ""
        lines = self._place.output.read_bytes().splitlines(keepends=True)[-_TAIL_LINES:]
        return b"".join(lines)[-_TAIL_BYTES:].decode("utf-8", "replace")

    def _last_words(self) -> str:
        try:
            with self._message_file().open("rb") as file:
                data = file.read(_MESSAGE_LIMIT_BYTES)
        except OSError:
            return ""
        return data.decode("utf-8", "replace")

    async def tidy(self) -> None:
        """After the kill: wait for the process, close its output, drop it if it is empty."""
        if self._process is not None:
            await self._process.wait()
        if self._output is not None:
            self._output.close()
        path = self._place.output
        if path.exists() and not path.stat().st_size:
            path.unlink()

    def terminate(self) -> None:
        if self.has_process:
            processes.send_signal([self.pid], signal.SIGTERM)

    async def kill(self, reason: str = "") -> None:
        """KILL the whole family; `reason` is told instead of Error."""
        if self.has_process:
            self.killed_for = self.killed_for or reason
            await processes.kill_all(self.leaders)


def _path(command: str) -> str:
    """Our own programs are there for our own command; a job's script sees the user's alone."""
    given = os.environ.get("PATH", os.defpath)
    own = str(Path(sys.executable).parent)
    return os.pathsep.join([own, given]) if command == "podlane" else given


def _exec_trouble(command: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        if "/" in command:
            return f'exec: "{command}": stat {command}: no such file or directory'
        return f'exec: "{command}": executable file not found in $PATH'
    if isinstance(error, PermissionError):
        return f'exec: "{command}": permission denied'
    return f'exec: "{command}": {error}'


def _finished(state: Terminated) -> Terminated:
    return Terminated(
        state.exit_code,
        state.reason,
        state.message,
        state.started_at,
        now_text(),
        state.container_id,
    )
