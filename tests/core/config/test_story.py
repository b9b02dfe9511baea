"""The configuration of a real team's runner is honoured as it is: no key of it is spoken of.

But that 300 whole cores can hardly be meant.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from podlane.core.config.cache import s3_settings
from podlane.core.config.parse import parse

STORY = Path(__file__).parents[2] / "cluster/story/config.toml"
VALUES = {
    "<https address of GitLab>": "https://gitlab.test",
    "<host:port>": "store.test:9000",
    "<key>": "cache-key",
}


@pytest.mark.parametrize("is_flat", [False, True])
def test_story(is_flat: bool) -> None:
    text = STORY.read_text()
    for place, value in VALUES.items():
        text = text.replace(place, value)
    if is_flat:
        text = text.replace("[runners.cache.s3]", "")
    config, notes = parse(text, {})
    about_cores = [note for note in notes if "whole cores" in note.message]  # hardly meant
    kinds = {note.kind for note in notes if note not in about_cores}
    assert about_cores
    assert kinds == ({"careful"} if is_flat else set()), notes
    (runner,) = config.runners
    cache = s3_settings(runner.cache)
    assert (cache.server_address, cache.bucket_name) == ("store.test:9000", "my-ci-caches")
    assert cache.access_key.reveal() == "cache-key"
    assert runner.kubernetes.cpu_limit == "300"
    assert len(runner.kubernetes.volumes.secret) == 5
