"""A key's example as lines of TOML that could stand in config.toml, headers and all."""

from __future__ import annotations

from podlane.cli.config.facts import REQUIRED, Fact, facts


def example(fact: Fact) -> str:
    """With what its table cannot do without; "" where there is nothing to show."""
    if not fact.entry.example or not fact.struct:
        return ""
    lines: list[str] = []
    depth = 0
    for table in _around(fact.table):
        beside = _beside(table, fact)
        if facts()[table].is_list or table == fact.table or beside:
            header = f"[[{table}]]" if facts()[table].is_list else f"[{table}]"
            lines.append(f"{'  ' * depth}{header}")
            depth += 1
        lines += [f"{'  ' * depth}{line}" for line in beside]
    return "\n".join([*lines, f"{'  ' * depth}{fact.key} = {fact.entry.example}"])


def _around(table: str) -> list[str]:
    """The table, and each that it lies in, from the outside."""
    steps = table.split(".") if table else []
    return [".".join(steps[: length + 1]) for length in range(len(steps))]


def _beside(table: str, fact: Fact) -> list[str]:
    """What the table cannot do without, but for who the runner is, which is a matter of course;
    an operator compares with values."""
    found = [
        one
        for one in facts().values()
        if one.table == table != "runners" and (one.default == REQUIRED or one.key == "values")
    ]
    found.sort(key=lambda one: one.key != "name")
    return [line for one in found if one != fact for line in _lines(one, fact)]


def _lines(one: Fact, fact: Fact) -> list[str]:
    if not one.is_table:
        return [f"{one.key} = {one.entry.example}"]
    is_around = f"{fact.table}.".startswith(f"{one.name}.")
    return [] if is_around else [f"{one.key}.{line}" for line in _beside(one.name, fact)]
