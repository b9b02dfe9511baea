"""The golden cases: folders with `job.json` and `config.toml`, and what must come of them.

Next to these two lie `plan.json`, `secret.yaml` and `pod.yaml`, or `outcome.txt` when the job is
refused, and in cases named `manager-…` what the config has the manager itself do otherwise.
`make golden` writes them anew; the review reads the difference. A part that would make a case long
stands in it once: `"@repeat"` in job.json is filled in by `_filled`.
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import msgspec
import yaml

from podlane.cli.readable import Readable
from podlane.core.config.model import Config, RunnerConfig
from podlane.core.job.payload import Job, parse_job
from podlane.core.plan.context import RunnerContext
from podlane.core.plan.make import make_plan
from podlane.core.plan.objects import ask
from podlane.core.plan.pwsh import render_pwsh
from podlane.core.plan.rehearsal import rehearse
from podlane.core.plan.resolve import resolve, with_inputs
from podlane.core.plan.step import Look, render_step
from podlane.core.plan.store import AzureBlocks, GcsResumable, Pieces, S3Parts, S3Session, Signed
from podlane.core.pod import pause
from podlane.core.pod.loop import LOOP
from podlane.core.pod.manifests import Manifests, build_manifests
from podlane.core.pod.render import render_budget, render_plan, render_pod, render_secrets
from podlane.core.text.compare import MISSING, compare
from podlane.errors import ConfigError, JobRefused
from podlane.manager.config_file import check_text
from podlane.manager.effects import effects

FOLDER = Path(__file__).parent
CASES = sorted(path.parent.name for path in FOLDER.glob("*/job.json"))
NOW = 1_770_000_000.0
_SIGNING = re.compile(
    r"X-(?:Amz|Goog)-(?!Expires|SignedHeaders|Credential|Security)|s(?:v|r|pr|ig)="
)
_LENT = re.compile(r"(X-Amz-Security-Token=)[^&]*")
RESULTS = (
    "plan.json",
    "secret.yaml",
    "pod.yaml",
    "outcome.txt",
    "requests.txt",
    "manager.yaml",
    "pause.yaml",
)


def read_config(name: str) -> str:
    return (FOLDER / name / "config.toml").read_text()


def _config(name: str, text: str) -> Config:
    """ConfigError where the case's runner cannot run by it."""
    checked = check_text(text or read_config(name), FOLDER / name, {})
    if not checked.config.runners:
        raise ConfigError("; ".join(note.text for note in checked.notes))
    return checked.config


def read_case(name: str, text: str = "") -> tuple[Job, RunnerContext]:
    """`text`: a config.toml in place of the case's own."""
    config = _config(name, text)
    context = RunnerContext(
        runner=config.runners[0],
        installation="golden",
        system_id="r_golden",
        version="0.0.0",
        info={"name": "podlane", "features": {}},
        manager_name="manager",
        helper_image="podlane:dev",
    )
    folder = FOLDER / name
    if (folder / "context.json").exists():  # what the deployment adds
        further = json.loads((folder / "context.json").read_text())
        context = msgspec.structs.replace(context, **further)
    raw = _filled(json.loads((folder / "job.json").read_text()))
    job = with_inputs(parse_job(json.dumps(raw).encode()), context)
    return job, _with_shelf(job, context)


def _with_shelf(job: Job, context: RunnerContext) -> RunnerContext:
    try:
        asked = ask(job, context, resolve(job, context), NOW)
    except JobRefused:
        return context
    shelf = rehearse(context.runner.cache, asked)
    return msgspec.structs.replace(context, shelf=shelf)


def build_case(name: str) -> Manifests:
    job, context = read_case(name)
    return build_manifests(make_plan(job, context), job, context)


def results(name: str, text: str = "") -> dict[str, str]:
    """What comes of the case, by the name of the file it is kept in."""
    job, context = read_case(name, text)
    manager = _manager(name, text)
    try:
        plan = make_plan(job, context)
        manifests = build_manifests(plan, job, context)
    except JobRefused as refusal:
        outcome = f"{refusal.failure_reason} [{refusal.reference}]\n{refusal}\n"
        return {"outcome.txt": outcome, **manager}
    plan_text = msgspec.json.format(json.dumps(_short(render_plan(plan)), ensure_ascii=False))
    return {
        "plan.json": f"{plan_text}\n",
        "secret.yaml": _yaml(render_secrets(plan, manifests)),
        "pod.yaml": _yaml([render_pod(plan, manifests), *render_budget(plan, manifests)]),
        **_requests(context),
        **_pause(context),
        **manager,
    }


def _pause(context: RunnerContext) -> dict[str, str]:
    """The objects of the runner's pause pods, where it has policies for them."""
    made = pause_objects(context)
    return {"pause.yaml": _yaml(made)} if made else {}


def pause_objects(context: RunnerContext) -> list[dict[str, Any]]:
    if not context.runner.kubernetes.autoscaler.policy:
        return []
    return [pause.priority_class(), pause.deployment(context, 2, NOW)]


def _manager(name: str, text: str) -> dict[str, str]:
    """What the config has the manager do that it would not do by itself."""
    if not name.startswith("manager-"):
        return {}
    config = _config(name, text)
    runner = config.runners[0]
    bare = RunnerConfig(url=runner.url, token=runner.token)
    usual = _effects(Config(runners=(bare,)))
    found = [one for one in compare(usual, _effects(config)) if one.new is not MISSING]
    return {"manager.yaml": _yaml([{one.path: one.new for one in found}])} if found else {}


def _effects(config: Config) -> Any:
    made = effects(config, config.runners[0], Path("/etc/gitlab-runner"))
    return msgspec.to_builtins(made, enc_hook=lambda secret: "***" if secret else "")


def _requests(context: RunnerContext) -> dict[str, str]:
    """The requests that are signed for the job, without their signatures."""
    lines = []
    for name, found in context.shelf.objects.items():
        lines.append(f"{name} until {found.expires_at:.0f}, one PUT takes {found.put_limit}")
        lines += [f"  {word} {_request(getattr(found, word))}" for word in ("get", "head", "put")]
        if found.pieces:
            lines += _pieces(found.pieces)
    return {"requests.txt": "\n".join(lines) + "\n"} if lines else {}


def _pieces(pieces: Pieces) -> list[str]:
    match pieces:
        case S3Parts(parts=parts, complete=complete, abort=abort):
            first, last = parts[0], parts[-1]
            known = {"part 1": first, f"part {len(parts)}": last}
            known |= {"complete": complete, "abort": abort}
            return [f"  {word} {_request(one)}" for word, one in known.items()]
        case S3Session(url=url, region=region, headers=headers):
            return [f"  session {url} {region} {headers}"]
        case AzureBlocks(url=url):
            return [f"  blocks {_request(Signed(url))}"]
        case GcsResumable(start=start):
            return [f"  start {_request(start)}"]


def _request(signed: Signed | None) -> str:
    if signed is None:
        return "-"
    url, _, query = signed.url.reveal().partition("?")
    query = _LENT.sub(r"\1***", query)
    pairs = [pair for pair in query.split("&") if not _SIGNING.match(pair)]
    headers = {name: value.reveal() for name, value in signed.headers.items()}
    return f"{url}?{'&'.join(pairs)} {headers or ''}".rstrip()


def _yaml(documents: list[dict[str, Any]]) -> str:
    return yaml.dump_all(
        _short(documents), Dumper=Readable, sort_keys=False, allow_unicode=True, width=100
    )


def _short(value: Any) -> Any:
    """Name what would only fill pages: the loop, and texts of thousands of letters."""
    if isinstance(value, str):
        if value == LOOP:
            return "(the loop)"
        return f"({len(value)} letters) {value[:40]}" if len(value) > 4000 else value
    if isinstance(value, dict):
        return {_short(key): _short(item) for key, item in value.items()}
    return [_short(item) for item in value] if isinstance(value, list) else value


def _filled(value: Any) -> Any:
    """`{"@letters": n}` is n letters that do not pack, the same in every run."""
    if isinstance(value, dict):
        if "@letters" in value:
            return random.Random(1).randbytes(value["@letters"] // 2).hex()
        return {key: _filled(item) for key, item in value.items()}
    return [_filled(item) for item in value] if isinstance(value, list) else value


def texts() -> dict[str, str]:
    """The text of one step for each kind of shell, by its file in step-texts."""
    variables = {
        "PLAIN": "value",
        "ODD": 'it\'s \u2018odd\u2019 "$x" `y`\ntwo',
        "GITLAB_ENV": "/b/p.tmp/env",
    }
    commands = ("echo one", "", "echo two\necho 'three'", 'Write-Output "$PLAIN"')
    look = Look("Running after script...", ("", "", "section_script_step_2", ""), "/b/p.tmp/.home")
    pairs = (("step.sh", render_step), ("step.ps1", render_pwsh))
    whole = {name: render(variables, commands, folder="/b/p", look=look) for name, render in pairs}
    traced = Look(is_debug=True, with_checks=True)
    return whole | {
        f"debug-{name}": render({"A": "1"}, commands[:1], folder="/b/p", look=traced)
        for name, render in pairs
    }


def rewrite() -> None:
    for name, text in texts().items():
        (FOLDER / "step-texts" / name).write_text(text)
    for name in CASES:
        made = results(name)
        for file in RESULTS:
            path = FOLDER / name / file
            if file in made:
                path.write_text(made[file])
            else:
                path.unlink(missing_ok=True)


if __name__ == "__main__":
    rewrite()
