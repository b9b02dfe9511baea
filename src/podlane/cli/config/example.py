"""A key's example as lines of TOML that could stand in config.toml, headers and all."""

from __future__ import annotations

from podlane.cli.config.facts import REQUIRED, Fact, facts


def example(fact: Fact) -> str:
    """With what its table cannot do without; "" where there is nothing to show."""
    if not fact.entry.example or not fact.struct:
        return ""
    headers = _headers(fact.table)
    lines = [f"{'  ' * depth}{header}" for depth, header in enumerate(headers)]
    return "\n".join([*lines, *(f"{'  ' * len(headers)}{line}" for line in _values(fact))])


def _headers(table: str) -> list[str]:
    """The header of the table, and of each list of tables that it lies in."""
    steps = table.split(".") if table else []
    names = [".".join(steps[: length + 1]) for length in range(len(steps))]
    return [
        f"[[{name}]]" if facts()[name].is_list else f"[{name}]"
        for name in names
        if facts()[name].is_list or name == table
    ]


def _values(fact: Fact) -> list[str]:
    """The required keys of the same table first, but for who the runner is, which is a matter of
    course."""
    beside = [
        one
        for one in facts().values()
        if one.table == fact.table != "runners" and one.default == REQUIRED and one != fact
    ]
    beside.sort(key=lambda one: one.key != "name")
    return [f"{one.key} = {one.entry.example}" for one in (*beside, fact)]
