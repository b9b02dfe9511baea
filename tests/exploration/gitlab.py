"""GitLab, as the runner protocol has it: the job's state, and its answer to each call."""

from __future__ import annotations

from exploration.world import OVER, QUEUED, REMARK, RESERVED, RUNNING, World
from podlane.core.trace.reply import Reply, Word

YES, STOP, LOST = Reply(Word.DONE), Reply(Word.STOP), Reply(Word.AGAIN)
NOT_RESERVED = Reply(Word.NOT_RESERVED)


def running(world: World) -> tuple[World, Reply]:
    """PUT running: it takes a reserved job for good."""
    if world.job == RESERVED:
        return world._replace(job=RUNNING), YES
    return world, YES if world.job == RUNNING else STOP


def pending(world: World) -> tuple[World, Reply]:
    """PUT pending."""
    if world.job == RESERVED:
        return world, YES
    return world, NOT_RESERVED if world.job == RUNNING else STOP


def size(world: World) -> tuple[World, Reply]:
    """An empty PATCH, which asks for the size of the trace."""
    if world.job != RUNNING:
        return world, STOP
    return world, Reply(Word.OFFSET, offset=world.trace)


def append(world: World, bit: int = REMARK) -> tuple[World, Reply]:
    if world.job != RUNNING:
        return world, STOP
    return world._replace(trace=world.trace | bit), YES


def final(world: World, how: str) -> tuple[World, Reply]:
    """PUT success or failed: the first is taken, others are answered 403, or 400 before it runs."""
    if world.job == RESERVED:
        return world, LOST
    if world.job != RUNNING:
        return world, STOP
    return world._replace(job=OVER, final=how), YES


def take_back(world: World) -> World:
    """A reserved job that nobody has confirmed goes back to the queue."""
    return world._replace(job=QUEUED)
