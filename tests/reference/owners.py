"""Which modules read a key of config.toml: found in the sources, by the types of what is read.

`x.limit` counts where x is a RunnerConfig by its annotations. A key that is read by a name made at
run time (`getattr(kubernetes, key)`) belongs to the modules that read its table so.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from podlane.cli.config.facts import Fact, facts
from reference.types_of import NONE, Known, Scope, annotated

SOURCES = Path(__file__).parents[2] / "src/podlane"
ANY = "*"
_FOR_PEOPLE = (
    "cli/config/",
    "core/config/explain",
    "core/config/official",
    "cli/register",
    "manager/effects",
)
_READING = "core/config/"
_CHECKING = ("values", "faults", "notes", "hints", "gates", "checks", "check")
Reads = dict[tuple[str, str], set[str]]


def owners(fact: Fact) -> list[str]:
    """The modules by their paths in `src/podlane`; empty for a key that nobody reads."""
    own, by_name = (_reads().get((fact.struct, word), set()) for word in (fact.field, ANY))
    return sorted(_users(own) or _users(by_name) or own or by_name)


def _users(paths: set[str]) -> set[str]:
    """Without those that only look whether a value can be meant."""
    return {
        path
        for path in paths
        if not (path.startswith(_READING) and path.removesuffix(".py").endswith(_CHECKING))
    }


@lru_cache(maxsize=1)
def _reads() -> Reads:
    trees = {
        str(path.relative_to(SOURCES)): ast.parse(path.read_text())
        for path in sorted(SOURCES.rglob("*.py"))
    }
    known = Known(trees)
    structs = {fact.struct for fact in facts().values() if fact.struct}
    found: Reads = {}
    for path, tree in trees.items():
        if path.startswith(_FOR_PEOPLE):
            continue
        for struct, field in _Reader(known, structs).read(tree.body, {}):
            found.setdefault((struct, field), set()).add(path)
    return found


class _Reader:
    """Walks statements in order, so that a name has the type of its last assignment."""

    def __init__(self, known: Known, structs: set[str]) -> None:
        self._known = known
        self._structs = structs

    def read(
        self, body: list[ast.stmt], scope: Scope, owner: str = ""
    ) -> Iterator[tuple[str, str]]:
        for node in body:
            yield from self._node(node, scope, owner)

    def _node(self, node: ast.AST, scope: Scope, owner: str) -> Iterator[tuple[str, str]]:
        if isinstance(node, ast.ClassDef):
            yield from self.read(node.body, dict(scope), node.name)
            return
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from self.read(node.body, scope | self._parameters(node.args, owner), owner)
            return
        scope = self._inside(node, scope)
        yield from self._read(node, scope)
        for child in ast.iter_child_nodes(node):
            yield from self._node(child, scope, owner)
        self._bind(node, scope)

    def _inside(self, node: ast.AST, scope: Scope) -> Scope:
        """The names that the parts of `node` see."""
        match node:
            case ast.Lambda(args=args):
                return scope | self._parameters(args, "")
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                for one in node.generators:  # each sees the names of those before it
                    scope = scope | dict(self._known.bound([one], scope))
            case ast.For(target=target, iter=items):
                scope.update(self._known.targets(target, items, scope))
            case _:
                pass
        return scope

    def _read(self, node: ast.AST, scope: Scope) -> Iterator[tuple[str, str]]:
        structs, field = NONE, ""
        match node:
            case ast.Attribute(value=value, attr=attr, ctx=ast.Load()):
                structs, field = self._known.type_of(value, scope), attr
            case ast.Call(
                func=ast.Name(id="getattr"), args=[value, ast.Constant(value=str(name)), *_]
            ):
                structs, field = self._known.type_of(value, scope), name
            case ast.Call(func=ast.Name(id="getattr"), args=[value, *_]):
                structs, field = self._known.type_of(value, scope), ANY
            case ast.MatchClass(cls=ast.Name(id=name)) if name in self._structs:
                yield from ((name, field) for field in node.kwd_attrs)
            case _:
                pass
        yield from ((struct, field) for struct in structs & self._structs)

    def _bind(self, node: ast.AST, scope: Scope) -> None:
        match node:
            case ast.Assign(targets=[target], value=value):
                scope.update(self._known.targets(target, value, scope))
            case ast.NamedExpr(target=target, value=value):
                scope.update(self._known.targets(target, value, scope))
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                scope[name] = annotated(annotation)
            case _:
                pass

    def _parameters(self, args: ast.arguments, owner: str) -> Scope:
        every = [*args.posonlyargs, *args.args, *args.kwonlyargs]
        types = {one.arg: annotated(one.annotation) for one in every}
        return types | ({"self": frozenset({owner})} if "self" in types else {})
