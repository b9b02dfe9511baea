"""The lane, both ends: the loop in every shell there is, the helper's end as it is.

`pid1` and `user` run the loop in a PID namespace of its own, as in a pod; `session` runs it as a
plain process, as on a laptop.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from podlane.core.pod.loop import LOOP
from podlane.core.text.quote import quote
from podlane.helper.lane import Lane, LaneLost

CASES = [
    *(("dash", "session"), ("ash", "session"), ("bash", "session")),
    *(("dash", "pid1"), ("ash", "pid1"), ("bash", "user")),
]
SHELLS = {"dash": ["dash"], "ash": ["busybox", "ash"], "bash": ["bash"]}
NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
INIT = """
import os, sys, signal, warnings
child = os.fork()
if child == 0:
    os.setgid(1234); os.setuid(1234)
    os.execvp(sys.argv[1], sys.argv[1:])
signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
while True:
    pid, status = os.wait()
    if pid == child:
        os._exit(os.waitstatus_to_exitcode(status) & 255)
"""


def can_unshare() -> bool:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


class Box:
    """A lane with its loop; `seconds` bound every wait."""

    def __init__(self, folder: Path, shell: str, mode: str) -> None:
        self.mode, self.shell = mode, shell
        self.folder = folder
        self.out = b""
        self._lock = threading.Condition()
        self.wake, self._wake_end = os.pipe()
        command = [*SHELLS[shell], "-c", LOOP, "podlane", str(folder)]
        if mode == "session":
            command = [*command, "session"]
        else:
            init = [] if mode == "pid1" else [sys.executable, "-c", INIT]
            command = [*NAMESPACE, *init, *command, "container"]
        folder.chmod(0o755)
        self.lane = Lane(folder, self.wake, self._take)
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.said = self.lane.hello(time.monotonic() + 8, lambda: False)
        assert self.said is not None

    def _take(self, data: bytes) -> None:
        with self._lock:
            self.out += data
            self._lock.notify_all()

    def until(self, text: bytes, seconds: float = 8) -> None:
        with self._lock:
            assert self._lock.wait_for(lambda: text in self.out, seconds), self.out[-300:]

    def wait(self, seconds: float = 8) -> int:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            status = self.lane.ended(until)
            if status is not None:
                return status
        raise AssertionError(f"no end: {self.out[-300:]!r}")

    def run(self, script: str) -> int:
        self.lane.start(script)
        return self.wait()

    def begin(self, script: str) -> None:
        """Start a step, and go on once it has said `ready`."""
        before = self.out.count(b"ready\n")
        self.lane.start(script)
        with self._lock:
            assert self._lock.wait_for(lambda: self.out.count(b"ready\n") > before, 8)

    def loop_pid(self) -> int:
        pid = self.process.pid
        for _ in range({"session": 0, "pid1": 1, "user": 2}[self.mode]):
            pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        return pid

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.lane.close()

    def end(self) -> None:
        self.close()
        try:
            self.process.wait(6)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.wake)
        os.close(self._wake_end)


def has_died(pid: int, seconds: float = 5) -> bool:
    """Wait until a process is gone or a zombie."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z":
                return True
        except OSError:
            return True
        threading.Event().wait(0.02)
    return False


@pytest.fixture(name="box", params=CASES, ids="-".join)
def _box(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    shell, mode = request.param
    if shutil.which(SHELLS[shell][0]) is None:
        pytest.skip(f"{SHELLS[shell][0]} is not installed")
    if mode != "session" and not can_unshare():
        pytest.skip("a PID namespace cannot be made here")
    folder = Path(os.path.realpath(f"/tmp/podlane-lane-{os.getpid()}-{time.monotonic_ns()}"))
    folder.mkdir()
    box = Box(folder, shell, mode)
    yield box
    box.end()
    shutil.rmtree(folder)


def test_nothing_in_the_text_is_kubernetes_to_expand() -> None:
    assert "$$" not in LOOP
    assert not re.search(r"\$\([A-Za-z_.-][A-Za-z0-9_.-]*\)", LOOP)


def test_plain(box: Box) -> None:
    assert box.run("echo hi; exit 3") == 3
    assert box.run("cat; echo eof=$?") == 0
    assert box.run("no-such-command-x") == 127
    assert box.out.startswith(b"hi\neof=0\n")


def test_hello_tells_who_runs_the_scripts(box: Box) -> None:
    assert box.said is not None
    uid = 1234 if box.mode == "user" else os.getuid()
    assert box.said.uid == uid
    assert box.run("exit $(( $(id -u) != " + str(uid) + " ))") == 0


def test_steps_share_nothing(box: Box) -> None:
    assert box.run("X=1; trap '' TERM; exit 0") == 0
    assert box.run('echo "x=$X"; ls /proc/self/fd | tr "\\n" " "') == 0
    assert b"x=\n" in box.out
    found = set(box.out.split(b"\n")[1].split())
    assert found <= {b"0", b"1", b"2", b"3", b"255"}


def test_much_output_comes_whole(box: Box) -> None:
    text = (
        "i=0; while [ $i -lt 9000 ]; do echo $i 0123456789012345678901234567890; i=$((i+1)); done"
    )
    assert box.run(text) == 0
    assert box.out.count(b"\n") == 9000


def test_background_process_does_not_hang(box: Box) -> None:
    started = time.monotonic()
    assert box.run("sleep 30 & (while :; do echo tick; sleep .05; done) & echo started") == 0
    assert time.monotonic() - started < 3
    before = box.out.count(b"tick")
    box.until(b"tick\n" * (before + 3))
    assert box.run("exit 7") == 7


def test_term(box: Box) -> None:
    box.begin("echo ready; sleep 60; echo not reached")
    box.lane.stop("term")
    assert box.wait() == 143
    assert box.run("echo after; exit 0") == 0


def test_term_lets_a_script_clean_up(box: Box) -> None:
    # ready once the sleep is there: bash loses a TERM that comes between its fork and exec
    box.begin("trap 'echo cleaning; exit 9' TERM; (sleep .2; echo ready) & sleep 60")
    box.lane.stop("term")
    assert box.wait() == 9
    assert b"cleaning" in box.out


def test_kill_ends_what_ignores_term(box: Box) -> None:
    box.begin("trap '' TERM; echo ready; while :; do sleep 1; done")
    box.lane.stop("term")
    box.lane.stop("kill")
    assert box.wait() == 137
    assert box.run("exit 0") == 0


def test_kill_ends_the_children_too(box: Box) -> None:
    box.begin("(trap '' TERM HUP; echo $$ >/dev/null; sleep 80 & echo pid=$!; echo ready; wait)")
    found = re.search(rb"pid=(\d+)", box.out)
    box.lane.stop("kill")
    assert box.wait() == 137
    assert found is not None
    if box.mode == "session":
        assert has_died(int(found.group(1)))
    else:
        assert box.run(f"kill -0 {int(found.group(1))}") != 0


def test_kill_ends_those_who_left_the_session(box: Box) -> None:
    box.begin("setsid sh -c 'setsid sleep 77 & echo pid=$!; echo ready; wait' & wait")
    found = re.search(rb"pid=(\d+)", box.out)
    box.lane.stop("kill")
    assert box.wait() == 137
    assert found is not None
    if box.mode == "session":
        assert has_died(int(found.group(1)))
    else:
        assert box.run(f"kill -0 {int(found.group(1))}") != 0


def test_session_scope_touches_nobody_else(box: Box) -> None:
    if box.mode != "session":
        pytest.skip("for the scope `session`")
    other = subprocess.Popen(["sleep", "60"])
    own_session = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        box.begin("echo ready; sleep 60")
        box.lane.stop("term")
        box.lane.stop("kill")
        assert box.wait() in (137, 143)
        assert other.poll() is None
        assert own_session.poll() is None
    finally:
        for process in (other, own_session):
            process.kill()
            process.wait()


def test_a_loop_that_leads_no_session_spares_its_neighbours(box: Box) -> None:
    if box.mode != "session":
        pytest.skip("for the scope `session`")
    folder = box.folder.with_name(box.folder.name + "-inner")
    folder.mkdir()
    inner = " ".join(quote(word) for word in (*SHELLS[box.shell], "-c", LOOP, "podlane"))
    lane = Lane(folder, box.wake, box._take)
    text = f"sleep 60 & echo neighbour=$!; {inner} {folder} session"
    other = subprocess.Popen(["sh", "-c", text], stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert other.stdout is not None
        neighbour = int(other.stdout.readline().split(b"=")[1])
        assert lane.hello(time.monotonic() + 8, lambda: False) is not None
        lane.start("sleep 61 & echo in-ner; sleep 60")
        box.until(b"in-ner")
        lane.stop("kill")
        assert lane.ended(time.monotonic() + 5) is not None or lane.ended(time.monotonic() + 5)
        assert Path(f"/proc/{neighbour}").exists()
        lane.close()
    finally:
        os.killpg(other.pid, signal.SIGKILL)
        other.communicate()
        shutil.rmtree(folder)


def test_the_next_step_is_not_hit(box: Box) -> None:
    for _ in range(3):
        box.begin("trap '' TERM; echo ready; while :; do sleep 1; done")
        box.lane.stop("kill")
        assert box.wait() == 137
        assert box.run("exit 0") == 0


def test_term_to_the_loop_itself_changes_nothing(box: Box) -> None:
    box.begin("echo ready; sleep .6; echo survived; exit 4")
    os.kill(box.loop_pid(), signal.SIGTERM)
    assert box.wait() == 4
    os.kill(box.loop_pid(), signal.SIGTERM)
    assert box.run("exit 6") == 6
    assert b"survived" in box.out


def test_a_script_that_terms_all(box: Box) -> None:
    if box.mode == "session":
        pytest.skip("it would end this test as well")
    assert box.run("sleep .1; kill -TERM -1; sleep 1; exit 0") in (143, 0)
    assert box.run("exit 8") == 8
    box.begin("echo ready; sleep 60")
    box.lane.stop("term")
    assert box.wait() == 143


def test_a_script_that_kills_all(box: Box) -> None:
    if box.mode == "session":
        pytest.skip("it would end this test as well")
    box.lane.start("sleep .1; kill -KILL -1; sleep 1; exit 0")
    if box.mode == "pid1":  # PID 1 survives it
        assert box.wait() in (137, 0)
        assert box.run("exit 8") == 8
        box.begin("echo ready; sleep 60")
        box.lane.stop("term")
        assert box.wait() == 143
    else:
        with pytest.raises(LaneLost):
            box.wait()


@pytest.mark.parametrize(
    "script",
    ["echo ready; sleep 60", "trap '' TERM PIPE; echo ready; while :; do sleep 1; done"],
)
def test_the_helper_dies(box: Box, script: str) -> None:
    if "trap" in script and box.shell != "dash":
        pytest.skip("it takes three seconds: one shell is enough")
    box.begin(f"echo pid=$$; {script}")
    found = re.search(rb"pid=(\d+)", box.out)
    assert found is not None
    box.close()
    box.process.wait(8)
    if box.mode == "session":
        assert has_died(int(found.group(1)))


def test_normal_end(box: Box) -> None:
    assert box.run("exit 0") == 0
    box.close()
    assert box.process.wait(3) == 0


def test_hostile_lines(box: Box) -> None:
    """A script that writes to the loop's FIFO harms itself at most."""
    fifo = box.folder / "fifo" / "say"
    text = "head -c 200000 /dev/zero | tr '\\0' x; echo; echo 'end x y'; echo 'end 999 0'; echo"
    assert box.run(f"({text}) > {fifo}; exit 5") == 5
