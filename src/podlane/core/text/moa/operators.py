"""What Moa's operators, selections and functions do with values: no implicit conversions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from podlane.core.text.moa.values import MoaError, Value, compare, is_true, kind, number, text

Context = Mapping[str, Value]
Node = Callable[[Context], Value]

_COMPARED: dict[str, Callable[[int], bool]] = {
    "==": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}
_FUNCTIONS: dict[str, Callable[[Value], Value]] = {"str": text, "num": number, "bool": is_true}


def constant(value: Value) -> Node:
    return lambda _: value


def name(key: str) -> Node:
    def node(context: Context) -> Value:
        if key not in context:
            raise MoaError(f"there is no `{key}`; what there is: {_names(context)}")
        return context[key]

    return node


def array(items: list[Node]) -> Node:
    return lambda context: [item(context) for item in items]


def mapping(pairs: list[tuple[Node, Node]]) -> Node:
    def node(context: Context) -> Value:
        return {_key(key(context)): item(context) for key, item in pairs}

    return node


def call(function: str, arguments: list[Node]) -> Node:
    if function not in _FUNCTIONS:
        raise MoaError(f"there is no function `{function}`; there are {', '.join(_FUNCTIONS)}")
    if len(arguments) != 1:
        raise MoaError(f"`{function}` takes one value, not {len(arguments)}")
    return lambda context: _FUNCTIONS[function](arguments[0](context))


def select(source: Node, key: Node) -> Node:
    return lambda context: _selected(source(context), key(context))


def unary(sign: str, operand: Node) -> Node:
    def node(context: Context) -> Value:
        value = operand(context)
        if sign == "!":
            return not is_true(value)
        if kind(value) != "number":
            raise MoaError(f"`{sign}` of a value that is {_a(value)}")
        return -value if sign == "-" else value

    return node


def binary(sign: str, left: Node, right: Node) -> Node:
    if sign == "||":
        return lambda context: value if is_true(value := left(context)) else right(context)
    if sign == "&&":
        return lambda context: right(context) if is_true(value := left(context)) else value
    if sign in _COMPARED:
        return lambda context: _COMPARED[sign](compare(left(context), right(context)))
    return lambda context: _calculated(sign, left(context), right(context))


def _calculated(sign: str, left: Value, right: Value) -> Value:
    kinds = kind(left), kind(right)
    if sign == "+" and kinds == ("string", "string"):
        return left + right
    if kinds != ("number", "number"):
        raise MoaError(f"`{sign}` between {_a(left)} and {_a(right)}; str() and num() convert")
    if sign in "/%" and right == 0:
        raise MoaError("a division by zero")
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
        case _:
            return math.fmod(left, right)


def _selected(source: Value, key: Value) -> Value:
    match kind(source), kind(key):
        case "object", "string":
            if key not in source:
                raise MoaError(f"there is no `{key}`; what there is: {_names(source)}")
            return source[key]
        case "array", "number":
            if key != int(key) or not 0 <= key < len(source):
                raise MoaError(f"an array of {len(source)} has no element {text(key)}")
            return source[int(key)]
        case _:
            raise MoaError(f"{_a(source)} has no parts that {_a(key)} names")


def _key(value: Value) -> str:
    if kind(value) != "string":
        raise MoaError(f"the key of an object is {_a(value)}, not a string")
    return str(value)


def _a(value: Value) -> str:
    word = kind(value)
    return f"an {word}" if word in ("array", "object") else word if word == "null" else f"a {word}"


def _names(known: Mapping[str, Value]) -> str:
    return ", ".join(f"`{key}`" for key in list(known)[:20]) or "nothing"
