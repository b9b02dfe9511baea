"""Which classes an expression may be of, as far as annotations tell: enough to follow a config to
where its keys are read.

Of `tuple[X, ...]`, `X | None` and the like it is X, and of a table of X too: the keys of
config.toml are met by the names of their structs, whatever holds these.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

Types = frozenset[str]
Scope = dict[str, Types]
NONE: Types = frozenset()
_PLAIN = {"str", "int", "bool", "float", "bytes", "object", "Any", "None", "dict", "list", "tuple"}
_SAME = {"enumerate", "next", "tuple", "list", "sorted", "reversed", "zip"}


class Known:
    """The attributes of every class, what every function returns, and names for several classes."""

    def __init__(self, trees: dict[str, ast.Module]) -> None:
        self.attributes: dict[str, Scope] = {}
        self.functions: Scope = {}
        self.aliases: Scope = {}
        for tree in trees.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    self.attributes.setdefault(node.name, {}).update(_attributes(node))
            for node in tree.body:
                match node:
                    case ast.FunctionDef() | ast.AsyncFunctionDef():
                        self.functions[node.name] = annotated(node.returns)
                    case ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp() as union):
                        self.aliases[name] = annotated(union)
                    case _:
                        pass

    def type_of(self, node: ast.expr | None, scope: Scope) -> Types:
        found = NONE
        match node:
            case ast.Name(id=name):
                found = scope.get(name, NONE)
            case ast.Attribute(value=value, attr=attr):
                found = self._member(self.type_of(value, scope), attr)
            case ast.Subscript(value=value) | ast.Await(value=value) | ast.Starred(value=value):
                found = self.type_of(value, scope)
            case ast.IfExp(body=one, orelse=other):
                found = self.type_of(one, scope) | self.type_of(other, scope)
            case ast.BoolOp(values=values):
                found = NONE.union(*(self.type_of(one, scope) for one in values))
            case ast.Call():
                found = self._call(node, scope)
            case ast.ListComp() | ast.GeneratorExp():
                found = self.type_of(node.elt, scope | dict(self.bound(node.generators, scope)))
            case _:
                pass
        return NONE.union(*(self.aliases.get(one, frozenset({one})) for one in found))

    def _member(self, owners: Types, name: str) -> Types:
        return NONE.union(*(self.attributes.get(one, {}).get(name, NONE) for one in owners))

    def _call(self, node: ast.Call, scope: Scope) -> Types:
        match node.func:
            case ast.Name(id=name) if name in self.attributes:
                return frozenset({name})
            case ast.Name(id=name) if name in _SAME and node.args:
                return self.type_of(node.args[0], scope)
            case ast.Name(id=name):
                return self.functions.get(name, NONE)
            case ast.Attribute(attr="replace") if node.args:  # msgspec.structs.replace
                return self.type_of(node.args[0], scope)
            case ast.Attribute(value=value, attr=attr):
                own = self._member(self.type_of(value, scope), attr)
                return own or self.functions.get(attr, NONE)
            case _:
                return NONE

    def bound(
        self, generators: list[ast.comprehension], scope: Scope
    ) -> Iterator[tuple[str, Types]]:
        for one in generators:
            yield from self.targets(one.target, one.iter, scope)

    def targets(
        self, target: ast.expr, value: ast.expr, scope: Scope
    ) -> Iterator[tuple[str, Types]]:
        """The names that an assignment or a loop sets, with their types."""
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for one, item in zip(target.elts, value.elts, strict=False):
                yield from self.targets(one, item, scope)
        elif isinstance(target, ast.Tuple):
            for one in target.elts:
                yield from self.targets(one, value, scope)
        elif isinstance(target, ast.Name):
            yield target.id, self.type_of(value, scope)


def annotated(annotation: ast.expr | None) -> Types:
    """The classes that an annotation is about."""
    found = NONE
    match annotation:
        case ast.Name(id=name) if name not in _PLAIN:
            found = frozenset({name})
        case ast.Attribute(attr=name):
            found = frozenset({name})
        case ast.BinOp(left=left, right=right):
            found = annotated(left) | annotated(right)
        case ast.Subscript(slice=ast.Tuple(elts=elements)):
            found = NONE.union(*map(annotated, elements))
        case ast.Subscript(slice=inner):
            found = annotated(inner)
        case _:
            pass
    return found


def _attributes(node: ast.ClassDef) -> Iterator[tuple[str, Types]]:
    for item in ast.walk(node):
        match item:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                yield name, annotated(annotation)
            case ast.AnnAssign(target=ast.Attribute(attr=name), annotation=annotation):
                yield name, annotated(annotation)
            case ast.FunctionDef(name="__init__"):
                yield from _set_in(item)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, annotated(item.returns)
            case _:
                pass


def _set_in(init: ast.FunctionDef) -> Iterator[tuple[str, Types]]:
    """`self.x = x` of an annotated parameter."""
    types = {one.arg: annotated(one.annotation) for one in init.args.args}
    for item in ast.walk(init):
        match item:
            case ast.Assign(targets=[ast.Attribute(attr=attr)], value=ast.Name(id=name)):
                yield attr, types.get(name, NONE)
            case _:
                pass
