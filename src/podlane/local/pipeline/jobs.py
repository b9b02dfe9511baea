"""One job of the file: its node, with `default` and `inherit` applied, to a JobSpec."""

from __future__ import annotations

from typing import Any

import msgspec

from podlane.local.pipeline import matrix, parts, rules
from podlane.local.pipeline.duration import parse_duration
from podlane.local.pipeline.keyword import DEFAULT, INSTEAD, JOB
from podlane.local.pipeline.model import JobSpec, Note, Retry
from podlane.local.pipeline.needs import parse_needs
from podlane.local.pipeline.node import Node, items, table
from podlane.local.pipeline.reading import Reading, as_text

_WHENS = ("on_success", "on_failure", "always", "manual", "delayed", "never")
_RETRY_WHEN = (
    "always", "unknown_failure", "script_failure", "api_failure", "stuck_or_timeout_failure",
    "runner_system_failure", "runner_unsupported", "stale_schedule", "job_execution_timeout",
    "archived_failure", "unmet_prerequisites", "scheduler_failure", "data_integrity_failure",
    "image_pull_failure", "runner_configuration_error", "runner_external_dependency_failure",
    "runner_interrupted",
)  # fmt: skip
_STAND_INS = ("trigger", "run")


class JobReader:
    """`notes` gathers what is known but not done; `stages` are the file's."""

    def __init__(
        self, reading: Reading, defaults: dict[str, Node], stages: tuple[str, ...]
    ) -> None:
        self._reading = reading
        self._defaults = defaults
        self._stages = stages
        self.notes: list[Note] = []

    def note(self, node: Node, keyword: str) -> None:
        self.notes.append(Note(node.place, keyword, INSTEAD[keyword]))

    def read(self, name: str, node: Node) -> tuple[JobSpec, ...]:
        own = self._reading.keys(node, name, JOB)
        keys = {**self._inherited(name, own), **own}
        self._note_all(keys)
        self._check(name, node, keys)
        spec = JobSpec(name=name, place=node.place, stage=self._stage(name, keys))
        for fields in (
            self._scripts(name, keys),
            self._surroundings(keys),
            self._conditions(name, keys),
            self._relations(keys),
            self._limits(keys),
        ):
            spec = msgspec.structs.replace(spec, **fields)
        return matrix.spread(spec, keys.get("parallel"), self._reading)

    def _inherited(self, name: str, own: dict[str, Node]) -> dict[str, Node]:
        wish = self._reading.keys(
            own.get("inherit"), f"{name}:inherit", ("default", "variables")
        ).get("default")
        if wish is None or wish.value is True:
            return self._defaults
        if wish.value is False:
            return {}
        for item in items(wish):
            if item.value not in DEFAULT:
                self._reading.unknown(
                    item, f"inherit:default:{as_text(item)}", as_text(item), DEFAULT
                )
        wanted = {as_text(item) for item in items(wish)}
        return {key: item for key, item in self._defaults.items() if key in wanted}

    def _note_all(self, keys: dict[str, Node]) -> None:
        for key in INSTEAD.keys() & keys.keys():
            self.note(keys[key], key)
        for item in items(keys["cache"]) if "cache" in keys else ():
            if "files_commits" in table(table(item).get("key", item)):
                self.note(table(item)["key"], "files_commits")
        for item in items(keys["needs"]) if "needs" in keys else ():
            for other in table(item).keys() & {"project", "pipeline"}:
                self.note(item, f"needs:{other}")

    def _check(self, name: str, node: Node, keys: dict[str, Node]) -> None:
        faults = self._reading.faults
        if not keys.keys() & {"script", "trigger", "run"}:
            faults.add(node.place, f"the job `{name}` needs a `script`")
        if "rules" in keys and keys.keys() & {"only", "except"}:
            faults.add(
                keys["rules"].place, f"`{name}` has `rules` and `only` or `except`; keep one"
            )
        if "script" in keys and "run" in keys:
            faults.add(keys["run"].place, f"`{name}` has `script` and `run`; keep one")

    def _stage(self, name: str, keys: dict[str, Node]) -> str:
        stage = self._reading.text(keys.get("stage"), f"{name}:stage", "test")
        if stage not in self._stages:
            place = keys["stage"].place if "stage" in keys else None
            known = ", ".join(f"`{item}`" for item in self._stages)
            if place is not None:
                self._reading.faults.add(
                    place, f"`{name}` is in the stage `{stage}`, which is not one of {known}"
                )
            else:
                return self._stages[1] if "test" in self._stages else stage
        return stage

    def _scripts(self, name: str, keys: dict[str, Node]) -> dict[str, Any]:
        before = parts.commands(keys.get("before_script"), "before_script", self._reading)
        script = parts.commands(keys.get("script"), "script", self._reading)
        if "script" in keys and not items(keys["script"]):
            self._reading.wrong(keys["script"], f"{name}:script", "a text or a list of texts")
        stand_in = next((INSTEAD[key] for key in _STAND_INS if key in keys), "")
        return {
            "script": before + script,
            "after_script": parts.commands(keys.get("after_script"), "after_script", self._reading),
            "hooks": parts.hooks(keys.get("hooks"), self._reading),
            "stand_in": stand_in if "script" not in keys else "",
        }

    def _surroundings(self, keys: dict[str, Node]) -> dict[str, Any]:
        reading = self._reading
        published = self._published(keys)
        return {
            "image": parts.image(keys.get("image"), reading),
            "services": parts.services(keys.get("services"), reading),
            "variables": parts.variables(keys.get("variables"), "variables", reading),
            "inherited_variables": self._inherited_variables(keys),
            "artifacts": parts.artifacts(keys.get("artifacts"), reading) or published,
            "caches": parts.caches(keys.get("cache"), reading),
            "environment": parts.environment(keys.get("environment"), reading),
            "resource_group": reading.text(keys.get("resource_group"), "resource_group"),
            "tags": reading.texts(keys.get("tags"), "tags"),
        }

    def _published(self, keys: dict[str, Node]) -> tuple[dict[str, Any], ...]:
        """`pages` adds its folder to the artifacts."""
        wish = keys.get("pages")
        if wish is None or wish.value is False:
            return ()
        folder = self._reading.text(table(wish).get("publish"), "pages:publish", "public")
        paths = Node((Node(folder, wish.place),), wish.place)
        return parts.artifacts(Node({"paths": paths}, wish.place), self._reading)

    def _inherited_variables(self, keys: dict[str, Node]) -> bool | tuple[str, ...]:
        wish = table(keys["inherit"]).get("variables") if "inherit" in keys else None
        if wish is None or isinstance(wish.value, bool):
            return wish is None or wish.value is True
        return self._reading.texts(wish, "inherit:variables")

    def _conditions(self, name: str, keys: dict[str, Node]) -> dict[str, Any]:
        reading = self._reading
        allow = keys.get("allow_failure")
        codes: tuple[int, ...] = ()
        allowed: bool | None = None
        if allow is not None and isinstance(allow.value, dict):
            wanted = reading.keys(allow, "allow_failure", ("exit_codes",))
            codes = self._codes(wanted.get("exit_codes"), "allow_failure:exit_codes")
        elif allow is not None:
            allowed = reading.boolean(allow, "allow_failure")
        when = reading.choice(keys.get("when"), "when", _WHENS)
        if when == "delayed":
            self.note(keys["when"], "start_in")
        return {
            "rules": rules.parse_rules(keys.get("rules"), f"{name}:rules", reading),
            "only": rules.parse_policy(keys.get("only"), "only", reading),
            "excepted": rules.parse_policy(keys.get("except"), "except", reading),
            "when": when,
            "allow_failure": allowed,
            "allow_exit_codes": codes,
        }

    def _codes(self, node: Node | None, what: str) -> tuple[int, ...]:
        found = items(node) if node is not None else ()
        return tuple(self._reading.integer(item, what, 0, 255) for item in found)

    def _relations(self, keys: dict[str, Node]) -> dict[str, Any]:
        wish = keys.get("dependencies")
        return {
            "needs": parse_needs(keys["needs"], self._reading) if "needs" in keys else None,
            "dependencies": self._reading.texts(wish, "dependencies") if wish else None,
        }

    def _limits(self, keys: dict[str, Node]) -> dict[str, Any]:
        result: dict[str, Any] = {"retry": self._retry(keys.get("retry"))}
        if "timeout" in keys:
            seconds = parse_duration(as_text(keys["timeout"]))
            if seconds is None or seconds <= 0:
                self._reading.wrong(keys["timeout"], "timeout", "a time such as `1h 30m`")
            else:
                result["timeout"] = seconds
        self._reading.boolean(keys.get("interruptible"), "interruptible")
        coverage = keys.get("coverage")
        if coverage is not None and not as_text(coverage).startswith("/"):
            self._reading.wrong(coverage, "coverage", "a pattern such as `/Total: (\\d+)%/`")
        return result

    def _retry(self, node: Node | None) -> Retry:
        if node is None:
            return Retry()
        if not isinstance(node.value, dict):
            return Retry(self._reading.integer(node, "retry", 0, 2))
        keys = self._reading.keys(node, "retry", ("max", "when", "exit_codes"))
        when = tuple(
            self._reading.choice(item, "retry:when", _RETRY_WHEN)
            for item in (items(keys["when"]) if "when" in keys else ())
        )
        codes = self._codes(keys.get("exit_codes"), "retry:exit_codes")
        return Retry(
            self._reading.integer(keys["max"], "retry:max", 0, 2) if "max" in keys else 2,
            when or (() if codes else ("always",)),
            codes,
        )
