"""Answers that say no: a Kubernetes Status with its code, reason and details.

The sentences were compared with those of a v1.34 API server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from podlane.local.cluster.kinds import Kind, Object


class ApiFailure(Exception):
    """Ends a request with the Status `body` and its HTTP code."""

    def __init__(self, body: Object, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(body["message"])
        self.body = body
        self.headers = dict(headers or {})


def failure(code: int, reason: str, message: str, details: Object | None = None) -> ApiFailure:
    body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    body["message"] = message
    if reason:
        body["reason"] = reason
    if details is not None:
        body["details"] = details
    body["code"] = code
    return ApiFailure(body)


def _details(kind: Kind, name: str = "") -> Object:
    details: Object = {"name": name} if name else {}
    if kind.group:
        details["group"] = kind.group
    return details | {"kind": kind.plural}


def not_found(kind: Kind, name: str) -> ApiFailure:
    plural = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
    return failure(404, "NotFound", f'{plural} "{name}" not found', _details(kind, name))


def unknown_resource() -> ApiFailure:
    return failure(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(kind: Kind, name: str) -> ApiFailure:
    plural = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
    return failure(409, "AlreadyExists", f'{plural} "{name}" already exists', _details(kind, name))


def conflict(kind: Kind, name: str, why: str) -> ApiFailure:
    message = f'Operation cannot be fulfilled on {kind.qualified} "{name}": {why}'
    details = _details(kind, name)
    if not kind.group:
        details["kind"] = kind.name
    return failure(409, "Conflict", message, details)


def uid_differs(kind: Kind, name: str, wanted: str, found: str) -> ApiFailure:
    why = (
        f"the UID in the precondition ({wanted}) does not match the UID in record ({found}). "
        "The object might have been deleted and then recreated"
    )
    return conflict(kind, name, why)


def version_differs(kind: Kind, name: str, wanted: str, found: str) -> ApiFailure:
    why = (
        f"the ResourceVersion in the precondition ({wanted}) does not match the ResourceVersion in "
        f"record ({found}). The object might have been modified"
    )
    return conflict(kind, name, why)


def modified(kind: Kind, name: str) -> ApiFailure:
    why = (
        "the object has been modified; please apply your changes to the latest version "
        "and try again"
    )
    return conflict(kind, name, why)


def bad_request(message: str) -> ApiFailure:
    return failure(400, "BadRequest", message)


def forbidden(kind: Kind, name: str, why: str) -> ApiFailure:
    """Refuse as admission does: quota, Pod Security, service accounts."""
    message = f'{kind.plural} "{name}" is forbidden: {why}'
    return failure(403, "Forbidden", message, _details(kind, name))


def no_namespace(namespace: str) -> ApiFailure:
    return failure(
        404,
        "NotFound",
        f'namespaces "{namespace}" not found',
        {"name": namespace, "kind": "namespaces"},
    )


def namespace_ends(kind: Kind, name: str, namespace: str) -> ApiFailure:
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    answer = forbidden(kind, name, why)
    answer.body["details"]["causes"] = [
        {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
    ]
    return answer


def ends_already(name: str) -> ApiFailure:
    message = (
        f'Operation cannot be fulfilled on namespaces "{name}": The system is ensuring all content '
        "is removed from this namespace.  Upon completion, this namespace will automatically be "
        "purged by the system."
    )
    return failure(409, "Conflict", message, {"name": name, "kind": "namespaces"})


def no_right(verb: str, kind: Kind, namespace: str, user: str) -> ApiFailure:
    """Refuse as RBAC does."""
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    plural = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
    message = (
        f'{plural} is forbidden: User "{user}" cannot {verb} resource "{kind.plural}" '
        f'in API group "{kind.group}" {where}'
    )
    return failure(403, "Forbidden", message, _details(kind))


def unauthorized() -> ApiFailure:
    return failure(401, "Unauthorized", "Unauthorized")


def expired(asked: int, current: int) -> ApiFailure:
    return failure(410, "Expired", f"too old resource version: {asked} ({current})")


def continue_expired() -> ApiFailure:
    message = (
        "The provided continue parameter is too old to display a consistent list result. "
        "You must start a new list without the continue parameter."
    )
    return failure(410, "Expired", message)


def version_too_large(asked: int, current: int) -> ApiFailure:
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    answer = failure(504, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1})
    answer.headers["Retry-After"] = "1"
    return answer


_CAUSES = {
    "Required": ("FieldValueRequired", "Required value"),
    "Invalid": ("FieldValueInvalid", "Invalid value"),
    "Forbidden": ("FieldValueForbidden", "Forbidden"),
    "NotFound": ("FieldValueNotFound", "Not found"),
    "NotSupported": ("FieldValueNotSupported", "Unsupported value"),
    "Duplicate": ("FieldValueDuplicate", "Duplicate value"),
    "TooLong": ("FieldValueTooLong", "Too long"),
}


class Problem(Exception):
    """One thing wrong with one field of an object; `invalid` turns them into a Status."""

    def __init__(self, field: str, cause: str, text: str = "") -> None:
        super().__init__(field, cause, text)
        self.field = field
        self.reason, head = _CAUSES[cause]
        self.message = f"{head}: {text}" if text else head


def invalid(kind: Kind, name: str, problems: Sequence[Problem]) -> ApiFailure:
    sentences = [f"{problem.field}: {problem.message}" for problem in problems]
    text = sentences[0] if len(sentences) == 1 else "[" + ", ".join(sentences) + "]"
    details: Object = {"name": name} if name else {}
    details["kind"] = kind.name
    if kind.group:
        details["group"] = kind.group
    details["causes"] = [
        {"reason": problem.reason, "message": problem.message, "field": problem.field}
        for problem in problems
    ]
    return failure(422, "Invalid", f'{kind.name} "{name}" is invalid: {text}', details)
