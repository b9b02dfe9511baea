"""Figures of a cgroup, v2 and v1, by the helper and by the loop in every shell; who notes what."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from helper.rig import Rig
from podlane.core.plan.model import Script, Usage
from podlane.core.pod.loop import LOOP
from podlane.core.trace.usage import Used, join
from podlane.helper import usage
from podlane.helper.lane import Lane

MEBIBYTE = 1024 * 1024
SHELLS = [["dash"], ["busybox", "ash"], ["bash"]]
GUARD = '[ "$scope" = session ] && return'


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def version_2(folder: Path, limit: str = "134217728", *, with_peak: bool = True) -> Path:
    """As https://docs.kernel.org/admin-guide/cgroup-v2.html describes it."""
    peak = {"memory.peak": "104857600\n"} if with_peak else {}
    return write(
        folder,
        {
            "memory.current": "62914560\n",
            "memory.max": f"{limit}\n",
            "memory.events": "low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\noom_group_kill 0\n",
            "memory.stat": "anon 20971520\nfile 31457280\nkernel 4096\nshmem 1048576\nanon_thp 0\n",
            "cpu.stat": "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n",
            "pids.events": "max 4\n",
        }
        | peak,
    )


def version_1(folder: Path, limit: str = "134217728") -> Path:
    stat = (
        "cache 5\nrss 6\nshmem 7\ntotal_cache 31457280\ntotal_rss 20971520\ntotal_shmem 1048576\n"
    )
    return write(
        folder,
        {
            "memory/memory.limit_in_bytes": f"{limit}\n",
            "memory/memory.max_usage_in_bytes": "104857600\n",
            "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
            "memory/memory.failcnt": "7\n",
            "memory/memory.stat": stat,
            "cpu/cpu.stat": "nr_periods 0\n",
            "cpuacct/cpuacct.usage": "2500000123\n",
            "pids/pids.events": "max 4\n",
        },
    )


WHOLE = Used(limit=128 * MEBIBYTE, peak=100 * MEBIBYTE, held=21 * MEBIBYTE, oom=2, hits=7,
             cpu=2_500_000, forks=4)  # fmt: skip


@pytest.mark.parametrize("make", [version_2, version_1])
def test_the_helper_reads_its_own_cgroup(tmp_path: Path, make: object) -> None:
    assert callable(make)
    assert usage.read(make(tmp_path)) == WHOLE


EVENTS = [  # what befell the container, memory.events, kills, hits, whether it was its own limit
    ("nothing", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n", 0, 0, False),
    ("page cache at the limit", "low 0\nhigh 0\nmax 912\noom 0\noom_kill 0\n", 0, 912, True),
    ("a call that was refused", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 0\n", 0, 3, True),
    ("a child killed", "low 0\nhigh 0\nmax 40\noom 1\noom_kill 1\noom_group_kill 0\n", 1, 40, True),
    ("all killed", "low 0\nhigh 0\nmax 40\noom 1\noom_kill 5\noom_group_kill 1\n", 5, 40, True),
    ("killed for the node's sake", "low 9\nhigh 0\nmax 0\noom 0\noom_kill 1\n", 1, 0, False),
    ("Linux 4.18", "low 0\nhigh 0\nmax 40\noom 1\noom_kill 1\n", 1, 40, True),
    ("a newer Linux", "max 2\noom 1\noom_kill 1\nsock_throttled 8\n", 1, 2, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "kills", "hits", "is_own"),
    [row[1:] for row in EVENTS],
    ids=[row[0] for row in EVENTS],
)
def test_what_version_2_counts(
    tmp_path: Path, events: str, kills: int, hits: int, *, is_own: bool
) -> None:
    folder = version_2(tmp_path)
    write(folder, {"memory.events": events, "memory.events.local": "max 77\noom_kill 77\n"})
    used = usage.read(folder)
    assert (used.oom, used.hits, used.is_at_limit) == (kills, hits, is_own)
    with loop(["sh"], folder, tmp_path / "lane") as lane:
        assert lane.used == used


def test_a_privileged_container_does_not_take_the_node_for_itself(tmp_path: Path) -> None:
    """On version 2 it sees the whole tree, whose root has some of the files: the node's figures."""
    tree = write(
        tmp_path / "tree",
        {"memory.stat": "anon 99999999999\nshmem 1\n", "cpu.stat": "usage_usec 99999999999\n"},
    )
    member = tmp_path / "member"
    own = Path("/proc/self/cgroup").read_text().splitlines()[0]
    member.write_text("0::/pods/one\n")
    assert usage.read(tree, member) == Used()
    with loop(["sh"], tree, tmp_path / "lane") as lane:
        assert lane.used == Used()
    version_2(tree / "pods" / "one")
    assert usage.read(tree, member) == WHOLE
    version_2(Path(f"{tree}{own.removeprefix('0::')}"))
    with loop(["sh"], tree, tmp_path / "again") as lane:
        assert lane.used == WHOLE


def test_what_is_not_there_is_zero(tmp_path: Path) -> None:
    assert usage.read(tmp_path) == Used()
    assert usage.read(version_2(tmp_path / "a", "max", with_peak=False)).peak == 0
    assert usage.read(tmp_path / "a").limit == 0
    none = usage.read(version_1(tmp_path / "b", "9223372036854771712"))
    assert join(Used(), none).limit == 0


@contextlib.contextmanager
def loop(shell: list[str], cgroup: Path, folder: Path) -> Iterator[Lane]:
    text = LOOP.replace("/sys/fs/cgroup", str(cgroup))
    assert GUARD in text
    folder.mkdir()
    wake, wake_end = os.pipe()
    lane = Lane(folder, wake, lambda _data: None)
    words = [*shell, "-c", text.replace(GUARD, ""), "podlane", str(folder), "session"]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        assert lane.hello(time.monotonic() + 8, lambda: False) is not None
        yield lane
    finally:
        lane.close()
        process.wait(8)
        os.close(wake)
        os.close(wake_end)


def ended(lane: Lane) -> int:
    until = time.monotonic() + 8
    while time.monotonic() < until:
        status = lane.ended(until)
        if status is not None:
            return status
    raise AssertionError("no end")


@pytest.mark.parametrize("shell", SHELLS, ids="-".join)
@pytest.mark.parametrize("make", [version_2, version_1])
def test_the_loop_tells_the_same(tmp_path: Path, shell: list[str], make: object) -> None:
    assert callable(make)
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    with loop(shell, make(tmp_path / "cgroup"), tmp_path / "lane") as lane:
        assert lane.used == WHOLE


@pytest.mark.parametrize("shell", SHELLS, ids="-".join)
def test_the_loop_answers_while_a_step_runs(tmp_path: Path, shell: list[str]) -> None:
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    cgroup = version_2(tmp_path / "cgroup")
    with loop(shell, cgroup, tmp_path / "lane") as lane:
        lane.ask()  # no step runs: nothing is asked
        lane.start(f"until [ -e {tmp_path}/go ]; do sleep .02; done; exit 3")
        write(cgroup, {"memory.stat": f"anon {90 * MEBIBYTE}\nshmem 0\n"})
        until = time.monotonic() + 8
        while lane.used.held < 90 * MEBIBYTE and time.monotonic() < until:
            lane.ask()
            assert lane.ended(time.monotonic() + 0.1) is None
        write(cgroup, {"memory.stat": "anon 4096\nshmem 0\n"})
        (tmp_path / "go").touch()
        assert ended(lane) == 3
        assert lane.used.held == 90 * MEBIBYTE  # the most that was seen


def test_no_figures_of_a_cgroup_that_is_not_the_containers(tmp_path: Path) -> None:
    """The scope `session`: a laptop, where the cgroup would be the user's."""
    wake, wake_end = os.pipe()
    lane = Lane(tmp_path, wake, lambda _data: None)
    process = subprocess.Popen(
        ["sh", "-c", LOOP, "podlane", str(tmp_path), "session"], start_new_session=True
    )
    hello = lane.hello(time.monotonic() + 8, lambda: False)
    lane.close()
    process.wait(8)
    os.close(wake)
    os.close(wake_end)
    assert hello is not None
    assert lane.used == Used()
    own = int(Path("/proc/self/stat").read_text().rpartition(") ")[2].split()[19])
    assert own <= hello.begun <= own + 100 * 3600


async def test_the_block_stands_before_the_last_line(rig: Rig) -> None:
    rig.change(usage=Usage(queued=4, with_cgroup=False))
    rig.script("echo hello")
    await rig.run()
    block = rig.trace[rig.trace.index("Resource report") :]
    assert "time    queued 4.0 s" in block
    assert "cloning 0." in block
    assert block.rstrip().endswith("Job succeeded\x1b[0;m")
    assert "memory" not in block


async def test_the_block_can_be_switched_off(rig: Rig) -> None:
    rig.change(usage=Usage(is_on=False))
    await rig.run()
    assert "Job succeeded" in rig.trace
    assert "Resource report" not in rig.trace


async def test_memory_that_was_refused_to_a_command_is_told(rig: Rig) -> None:
    said = "fatal: write error: Cannot allocate memory"
    rig.script("echo before", f"echo '{said}' >&2; exit 128", after=["true"])
    await rig.run()
    end = rig.trace[rig.trace.index("ERROR: ") :]
    assert "exit code 128" in end
    assert f"says that it got no memory, running `echo '{said}'" in end
    assert "hint: " in end


@pytest.mark.parametrize(
    "said",
    [
        "sh: can't fork: Resource temporarily unavailable",
        "java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory",
    ],
)
async def test_one_process_too_many_is_told(rig: Rig, said: str) -> None:
    rig.script(f'echo "{said}"; exit 2')
    await rig.run()
    assert "build container could not start one process more, running `echo" in rig.trace
    assert "`podPidsLimit`" in rig.trace
    assert "got no memory" not in rig.trace


async def test_a_step_that_only_speaks_of_memory_and_ends_well_is_left_alone(rig: Rig) -> None:
    rig.script("echo 'test of out of memory: ok'")
    await rig.run()
    assert "ran out of memory" not in rig.trace


async def test_the_last_word_tells_the_stage(rig: Rig) -> None:
    rig.change(scripts=(Script("step_script", ("echo here; sleep 60",)),))
    await rig.start()
    await rig.until_trace("here")
    assert rig.word.stage == "step_script"


def test_programs_of_the_helper_die_before_it(rig: Rig) -> None:
    """The kernel takes the greatest: the helper must live to tell of it."""
    process = subprocess.Popen(["sleep", "60"])
    try:
        usage.offer(process.pid)
        assert Path(f"/proc/{process.pid}/oom_score_adj").read_text() == "1000\n"
    finally:
        process.kill()
        process.wait()
