"""What podlane would do and make for a job, without doing it: for `plan`, `config diff`, tests."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

import msgspec

from podlane import __version__
from podlane.core.config.model import RunnerConfig
from podlane.core.job.payload import Job
from podlane.core.plan import objects
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.make import make_plan
from podlane.core.plan.model import JobPlan
from podlane.core.plan.rehearsal import rehearse as rehearse_cache
from podlane.core.plan.resolve import resolve, with_inputs
from podlane.core.pod.manifests import Manifests, build_manifests
from podlane.core.pod.render import render_budget, render_plan, render_pod, render_secrets


class Rehearsal(msgspec.Struct, frozen=True):
    plan: JobPlan
    manifests: Manifests

    def documents(self) -> dict[str, dict[str, Any]]:
        """The plan and each object by what it is, for people: secrets are `***`."""
        plan, manifests = self.plan, self.manifests
        shown = [
            *render_secrets(plan, manifests),
            render_pod(plan, manifests),
            *render_budget(plan, manifests),
        ]
        kinds = [one["kind"] for one in shown]
        titles = [
            kind if kinds.count(kind) == 1 else f"{kind} {kinds[: index + 1].count(kind)}"
            for index, kind in enumerate(kinds)
        ]
        return {"plan": render_plan(plan)} | dict(zip(titles, shown, strict=True))


def context(runner: RunnerConfig, ca_certificates: str = "") -> RunnerContext:
    """As the manager has it, but for its identity."""
    return RunnerContext(
        runner=runner,
        installation=os.environ.get("PODLANE_INSTALLATION", "example"),
        system_id="r_example",
        version=__version__,
        info={},
        manager_name=platform.node(),
        ca_certificates=ca_certificates,
        helper_image=os.environ.get("PODLANE_IMAGE", ""),
    )


def rehearse(raw: Job, context: RunnerContext, now: float | None = None) -> Rehearsal:
    """JobRefused when the runner would refuse the job."""
    job = with_inputs(raw, context)
    ground = resolve(job, context)
    asked = objects.ask(job, context, ground, time.time() if now is None else now)
    shelf = rehearse_cache(context.runner.cache, asked)
    whole = msgspec.structs.replace(context, shelf=shelf)
    plan = make_plan(job, whole)
    return Rehearsal(plan, build_manifests(plan, job, whole))
