"""What the pipeline's tests share: facts with a few words changed, a pipeline from text."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import msgspec

from podlane.local.pipeline import decide, load, predefined
from podlane.local.pipeline.facts import Facts
from podlane.local.pipeline.model import Job, Pipeline
from podlane.local.pipeline.predefined import Attempt

FACTS = Facts(
    project_path="acme/demo",
    ref="main",
    sha="a" * 40,
    message="Title\n\nMore words\n",
    author="Ann <ann@x.test>",
    blobs={"README.md": "b" * 40, "src/a.py": "c" * 40, "ci/one.yml": "d" * 40},
    user_name="Ann",
    user_email="ann@x.test",
)
ATTEMPT = Attempt(job_id=1001, token="glcbt-1", repo_url="http://gitlab-ci-token:glcbt-1@h/p.git")


def facts(**changes: Any) -> Facts:
    return msgspec.structs.replace(FACTS, **changes)


def pipeline(text: str, given: Facts = FACTS, files: dict[str, str] | None = None) -> Pipeline:
    known = {**predefined.of_pipeline(given), **dict(given.variables)}
    found = files or {}
    given = msgspec.structs.replace(given, blobs={**given.blobs, **dict.fromkeys(found, "e" * 40)})
    return decide.make_pipeline(load.load_config(dedent(text), found.get, given, known), given)


def job(text: str, given: Facts = FACTS, name: str = "job") -> Job:
    made = pipeline(text, given)
    return next(job for job in made.jobs if job.name == name)
