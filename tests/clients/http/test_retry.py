"""When a busy server is asked again."""

from __future__ import annotations

import pytest

from podlane.clients.http.retry import Retries, is_busy, told_pause

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": "Mon, 21 Sep 2026 14:14:20 GMT"}, None),  # gitlab-runner reads no date
        ({"retry-after": "-3"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "999999"}, 3600),
        ({"ratelimit-resettime": "Mon, 21 Sep 2026 14:14:20 GMT", "retry-after": "7"}, 60),
        ({"ratelimit-resettime": "Mon, 21 Sep 2026 14:12:20 GMT", "retry-after": "7"}, 7),
        ({"ratelimit-resettime": "soon", "retry-after": "7"}, 7),
    ],
)
def test_pause_a_server_asks_for(headers: dict[str, str], pause: float | None) -> None:
    assert told_pause(headers, NOW) == pause


def test_busy_statuses() -> None:
    busy = [status for status in range(200, 600) if is_busy(status)]
    assert busy == [408, 429, 500, 502, 503, 504, *range(512, 600)]


def test_pauses_double_up_to_the_most() -> None:
    pauses = list(Retries(tries=6, first=1, most=5).pauses())
    for pause, full in zip(pauses, (1, 2, 4, 5, 5), strict=True):
        assert full * 0.75 <= pause <= full
