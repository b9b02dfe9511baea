"""Which jobs are in the pipeline, and why: workflow, rules, only and except, then needs."""

from __future__ import annotations

import difflib
import graphlib
from collections.abc import Iterable, Sequence

import msgspec

from podlane.local.pipeline import predefined, rules
from podlane.local.pipeline.expand import expand_text
from podlane.local.pipeline.facts import Facts
from podlane.local.pipeline.model import ConfigFile, Job, JobSpec, Need, Pipeline, Policy, Variable
from podlane.local.pipeline.node import NOWHERE, Faults
from podlane.local.pipeline.rules import Verdict

_DEFAULT_ONLY = Policy(NOWHERE, refs=("branches", "tags"))


def make_pipeline(file: ConfigFile, facts: Facts) -> Pipeline:
    """Ask every rule; PipelineFault when needs or dependencies do not fit together."""
    variables, why_none = _workflow(file, facts)
    known = {**predefined.of_pipeline(facts), **_pairs(variables), **dict(facts.variables)}
    order = {stage: index for index, stage in enumerate(file.stages)}
    decided = [_decide(spec, file, facts, variables) for spec in file.jobs]
    decided.sort(key=lambda job: order.get(job.spec.stage, 0))
    chosen = [] if why_none else [job for job in decided if job.is_in]
    if not why_none and all(job.spec.stage in (".pre", ".post") for job in chosen):
        why_none = "the rules leave no job"
        if chosen:
            why_none = "only jobs of `.pre` and `.post` are left, which make no pipeline alone"
        chosen = []
    return Pipeline(
        name=expand_text(file.workflow.name, known),
        stages=file.stages,
        jobs=_with_needs(chosen, file),
        absent=tuple(job for job in decided if not job.is_in or why_none),
        variables=variables,
        notes=file.notes,
        why_none=why_none,
    )


def _pairs(variables: Iterable[Variable]) -> dict[str, str]:
    return {item.key: item.value for item in variables}


def _workflow(file: ConfigFile, facts: Facts) -> tuple[tuple[Variable, ...], str]:
    """The global variables as the workflow's rule leaves them; why there is no pipeline."""
    if file.workflow.rules is None:
        return file.variables, ""
    known = {
        **predefined.of_pipeline(facts),
        **_pairs(file.variables),
        **dict(facts.variables),
    }
    verdict = rules.judge_rules(file.workflow.rules, facts, known, NOWHERE)
    if not verdict.is_in:
        where = f" ({verdict.place})" if verdict.rule is not None else ""
        return file.variables, f"workflow:rules allow no pipeline: {verdict.why}{where}"
    extra = verdict.rule.variables if verdict.rule is not None else ()
    return _over(file.variables, extra), ""


def _over(under: Sequence[Variable], over: Sequence[Variable]) -> tuple[Variable, ...]:
    replaced = {item.key for item in over}
    return (*(item for item in under if item.key not in replaced), *over)


def _decide(spec: JobSpec, file: ConfigFile, facts: Facts, variables: tuple[Variable, ...]) -> Job:
    own = job_variables(spec, variables)
    known = {
        **predefined.of_pipeline(facts),
        "CI_JOB_NAME": spec.name,
        "CI_JOB_STAGE": spec.stage,
        **_pairs(own),
        **dict(facts.variables),
    }
    verdict = _verdict(spec, file, facts, known)
    rule = verdict.rule
    when = (rule.when if rule else "") or spec.when
    if when == "never":
        verdict = msgspec.structs.replace(verdict, is_in=False)
    allow = rule.allow_failure if rule and rule.allow_failure is not None else spec.allow_failure
    if allow is None:
        allow = when == "manual" and spec.rules is None and not spec.allow_exit_codes
    return Job(
        spec=spec,
        is_in=verdict.is_in,
        why=verdict.why,
        place=verdict.place if verdict.place != NOWHERE else spec.place,
        when=when,
        allow_failure=allow,
        variables=_over(own, rule.variables if rule else ()),
        needs=rule.needs if rule and rule.needs is not None else spec.needs,
    )


def job_variables(spec: JobSpec, variables: tuple[Variable, ...]) -> tuple[Variable, ...]:
    """Global ones the job inherits, its own, its matrix values: later wins."""
    wish = spec.inherited_variables
    inherited = variables if wish is True else ()
    if isinstance(wish, tuple):
        inherited = tuple(item for item in variables if item.key in wish)
    values = tuple(Variable(key, value) for key, value in spec.matrix)
    return (*inherited, *spec.variables, *values)


def _verdict(spec: JobSpec, file: ConfigFile, facts: Facts, known: dict[str, str]) -> Verdict:
    if spec.rules is not None:
        return rules.judge_rules(spec.rules, facts, known, spec.place)
    only = spec.only
    is_default = only is None and file.workflow.rules is None
    if is_default:
        only = _DEFAULT_ONLY
    verdict = rules.judge_policies(only, spec.excepted, facts, known)
    if is_default and verdict.is_in and spec.excepted is None:
        return Verdict(is_in=True, why="no rules", place=spec.place)
    if is_default and not verdict.is_in and verdict.place == NOWHERE:
        return Verdict(
            is_in=False, why="no rules: a job without rules is for branches and tags only"
        )
    return verdict


def _with_needs(jobs: list[Job], file: ConfigFile) -> tuple[Job, ...]:
    faults = Faults()
    result = [_with_present_needs(job, jobs, file, faults) for job in jobs]
    stages = {job.name: file.stages.index(job.spec.stage) for job in result}
    for job in result:
        _check_order(job, stages, file, faults)
    try:
        graph = {job.name: [need.job for need in job.needs or ()] for job in result}
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        first = next(job for job in result if job.name == error.args[1][0])
        faults.add(first.spec.place, f"`needs` go in a circle: {circle}")
    faults.raise_if_any()
    return tuple(result)


def _with_present_needs(job: Job, jobs: list[Job], file: ConfigFile, faults: Faults) -> Job:
    if job.needs is None:
        return job
    present = {item.name for item in jobs}
    kept: list[Need] = []
    for need in job.needs:
        if need.job in present:
            kept.append(need)
        elif not need.is_optional:
            faults.add(need.place, f"`{job.name}` needs {_missing(need.job, file)}")
    return msgspec.structs.replace(job, needs=tuple(kept))


def _missing(name: str, file: ConfigFile) -> str:
    names = [spec.name for spec in file.jobs]
    if name in names:
        return f"`{name}`, which the rules leave out of this pipeline; add `optional: true`"
    near = difflib.get_close_matches(name, [*names, *(spec.base_name for spec in file.jobs)], 1)
    return f"`{name}`, which is no job" + (f"; did you mean `{near[0]}`?" if near else "")


def _check_order(job: Job, stages: dict[str, int], file: ConfigFile, faults: Faults) -> None:
    here = stages[job.name]
    for need in job.needs or ():
        if stages[need.job] > here:
            faults.add(need.place, f"`{job.name}` needs `{need.job}` of a later stage")
    wanted = {need.job for need in job.needs or ()}
    names = {spec.name for spec in file.jobs}
    for name in job.spec.dependencies or ():
        if name not in names:
            faults.add(job.spec.place, f"`{job.name}`: dependencies name `{name}`, which is no job")
        elif job.needs is not None and name not in wanted and name in stages:
            faults.add(
                job.spec.place, f"`{job.name}`: the dependency `{name}` must be one of its needs"
            )
        elif job.needs is None and stages.get(name, -1) >= here:
            faults.add(
                job.spec.place, f"`{job.name}`: the dependency `{name}` is not of an earlier stage"
            )


def artifact_sources(job: Job, pipeline: Pipeline) -> tuple[str, ...]:
    """The jobs whose artifacts and dotenv variables this job gets, in their order."""
    stages = {stage: index for index, stage in enumerate(pipeline.stages)}
    if job.needs is not None:
        wanted = {need.job for need in job.needs if need.with_artifacts}
    else:
        here = stages[job.spec.stage]
        wanted = {item.name for item in pipeline.jobs if stages[item.spec.stage] < here}
    if job.spec.dependencies is not None:
        wanted &= set(job.spec.dependencies)
    return tuple(item.name for item in pipeline.jobs if item.name in wanted)
