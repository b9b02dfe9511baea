"""The manager's way to hold a conversation (`flow`): on asyncio."""

from __future__ import annotations

from podlane.clients.cloudauth.flow import Flow, T
from podlane.clients.http.session import HttpSession
from podlane.errors import ServiceError


async def run(flow: Flow[T], session: HttpSession, *, timeout: float = 10) -> T:
    """`timeout` is for each answer."""
    try:
        request = next(flow)
        while True:
            try:
                answer = await session.send(request, timeout=timeout)
            except ServiceError as error:
                request = flow.throw(error)
            else:
                request = flow.send(answer)
    except StopIteration as end:
        found: T = end.value
        return found
