"""The reference of every key, docs/reference/config: made of the catalogue, the model and the code.

`make reference` writes it; a test fails when a page is not what would be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from golden.cases import FOLDER as GOLDEN
from podlane.cli.config.example import example
from podlane.cli.config.facts import Fact, facts
from podlane.cli.man import page
from podlane.cli.table import command
from podlane.core.config.explain import PAGES
from reference.goldens import golden_case
from reference.owners import owners

FOLDER = Path(__file__).parents[2] / "docs/reference/config"
MANUAL = FOLDER.parent / "podlane.1"
UP = "../../.."
TITLES = {
    "manager": "The manager, and the top of the file",
    "runner": "Runners",
    "cache": "Caches",
    "kubernetes": "Pods",
    "resources": "CPU, memory and disk",
    "security": "Security contexts",
    "scheduling": "Affinity and pause pods",
    "volumes": "Volumes",
    "pod": "Services, hooks, names and patches",
    "podlane": "podlane's own keys",
}
_MADE = (
    "<!-- Made by `make reference`; what is said of a key stands in src/podlane/core/config. -->"
)


def pages() -> dict[str, str]:
    """Every page by its name."""
    return {f"{name}.md": _page(name) for name in PAGES} | {"README.md": _index()}


def groups(page: str) -> list[list[Fact]]:
    """The keys of a page; those that are one key in several tables of a kind are together."""
    found: dict[tuple[str, str, str], list[Fact]] = {}
    for fact in facts().values():
        if fact.entry.page == page:
            place = (fact.entry.section, fact.verdict + fact.instead, fact.key)
            found.setdefault(place, []).append(fact)
    order = list(dict.fromkeys(place[:2] for place in found))
    return [group for place, group in sorted(found.items(), key=lambda it: order.index(it[0][:2]))]


def _page(name: str) -> str:
    lines = [f"# {TITLES[name]}", "", _MADE, ""]
    header = ""
    for group in groups(name):
        if (found := _header(group)) != header:
            header = found
            lines += [f"## {header}", ""]
        lines += [*_key(group), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _header(group: list[Fact]) -> str:
    tables = list(dict.fromkeys(fact.table for fact in group))
    if tables == [""]:
        return "The top of the file"
    return ", ".join(f"`{_brackets(table)}`" for table in tables)


def _brackets(table: str) -> str:
    return f"[[{table}]]" if facts()[table].is_list else f"[{table}]"


def _key(group: list[Fact]) -> Iterator[str]:
    fact = group[0]
    yield "".join(f'<a id="{one.name.lower()}"></a>' for one in group)
    yield ""
    yield f"### {fact.key}"
    yield ""
    yield fact.entry.text
    if fact.verdict:
        word = "Not honoured yet" if fact.verdict == "later" else "No effect"
        yield ""
        yield f"**{word}**: {fact.instead}."
    if fact.is_table and (place := _where(fact)):
        yield ""
        yield f"Its keys: [{_brackets(fact.name)}]({place})."
    if not fact.is_table and fact.struct:
        yield ""
        yield from _facts(group)
        if shown := example(fact):
            yield from ("", "```toml", shown, "```")


def _where(fact: Fact) -> str:
    inner = [one for one in facts().values() if one.table == fact.name]
    return f"{inner[0].entry.page}.md#{inner[0].name.lower()}" if inner else ""


def _facts(group: list[Fact]) -> Iterator[str]:
    fact = group[0]
    kind = ", ".join(word for word in (fact.type, fact.entry.unit) if word)
    yield f"- type: {kind}; default: `{fact.default}`" + (
        "; job variables are expanded" if fact.entry.is_expanded else ""
    )
    if fact.gate:
        gate = f"{fact.table}.{fact.gate}"
        link = f"[`{fact.gate}`]({facts()[gate].entry.page}.md#{gate.lower()})"
        yield f"- a job overwrites it by `{fact.variable}`, where {link} allows it"
    if fact.guards:
        yield f"- guards the variable `{fact.variable}`"
    if fact.option:
        yield f"- of `podlane register`: `{fact.option}`, `{fact.environment}`"
    if modules := sorted({path for one in group for path in owners(one)}):
        links = (f"[`{path}`]({UP}/src/podlane/{path})" for path in modules)
        yield f"- read by {', '.join(links)}"
    if cases := list(dict.fromkeys(filter(None, map(golden_case, group)))):
        links = (f"[{case}]({UP}/tests/golden/{case})" for case in cases)
        yield f"- shown by {', '.join(links)}"


def _index() -> str:
    honoured = sum(1 for fact in facts().values() if fact.struct and not fact.is_table)
    lines = [
        "# Every key of config.toml",
        "",
        _MADE,
        "",
        f"The {honoured} keys that podlane honours, and those of gitlab-runner that have no effect",
        "with it, and why. `podlane config explain KEY` tells the same on the command line.",
        "",
        "| page | tables |",
        "|---|---|",
    ]
    for name in PAGES:
        tables = dict.fromkeys(one.table for one in facts().values() if one.entry.page == name)
        shown = [f"`{_brackets(table)}`" if table else "the top" for table in tables]
        some = shown if len(shown) <= 6 else [*shown[:5], f"and {len(shown) - 5} more"]
        lines.append(f"| [{TITLES[name]}]({name}.md) | {', '.join(some)} |")
    return "\n".join(lines) + "\n"


def rewrite() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.md"):
        path.unlink()
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
    MANUAL.write_text(manual())


def manual() -> str:
    """What `podlane man` prints, for the wheel."""
    return "\n".join(page(command)) + "\n"


def headings(text: str) -> set[str]:
    """The keys that a page has a heading for, by their full names in lower case."""
    return set(re.findall(r'<a id="([^"]+)"></a>', text))


if __name__ == "__main__":
    assert GOLDEN.is_dir()
    rewrite()
