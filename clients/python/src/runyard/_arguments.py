"""Refuses names that a request cannot have, before anything is sent."""

from __future__ import annotations

import difflib
import keyword
import re
from typing import Any, Dict, FrozenSet, Iterable, Mapping, Optional, Sequence, cast

from .types import (
    Checker,
    CodeRequest,
    Interactor,
    LimitOverrides,
    RequestFile,
    RequestGroup,
    RequestTest,
    SessionLimitOverrides,
    SessionRequest,
    TerminalSize,
    Webhook,
)


def _names(typed: Any) -> FrozenSet[str]:
    return frozenset(typed.__required_keys__ | typed.__optional_keys__)


FIELDS = _names(CodeRequest)
_OBJECTS = {
    "limits": _names(LimitOverrides),
    "webhook": _names(Webhook),
    "terminal": _names(TerminalSize),
    "checker": _names(Checker),
    "interactor": _names(Interactor),
}
_SESSION_FIELDS = _names(SessionRequest)
_SESSION_LIMITS = _names(SessionLimitOverrides)
_LISTS = {"files": _names(RequestFile), "tests": _names(RequestTest), "groups": _names(RequestGroup)}


def job_request(call: str, request: Mapping[str, Any], options: Iterable[str] = ()) -> Dict[str, Any]:
    """The body of a submission.

    call: the method, for the message
    options: keyword arguments of the method that are no fields
    Raises TypeError that names an unknown argument and the nearest valid one.
    """
    for name in request:
        if name not in FIELDS:
            hint = _hint(name, [*FIELDS, *options])
            raise TypeError(f"{call}() got an unexpected keyword argument {name!r}{hint}")
    if "language" not in request:
        raise TypeError(f"{call}() missing required keyword argument: 'language'")
    _check_nested(f"{call}(): ", request)
    return dict(request)


def environment_request(
    language: str, dependencies: Optional[Sequence[str]], manifest: Optional[str], package_set: Optional[str]
) -> Dict[str, Any]:
    """The body of ``POST /v1/environments``."""
    fields = {"language": language, "dependencies": dependencies, "manifest": manifest, "set": package_set}
    return {name: value for name, value in fields.items() if value is not None}


def browser_token_request(origin: str, scopes: Optional[Sequence[str]], lifetime_ms: Optional[int]) -> Dict[str, Any]:
    """The body of ``POST /v1/browser-tokens``."""
    fields = {"origin": origin, "scopes": scopes, "lifetimeMs": lifetime_ms}
    return {name: value for name, value in fields.items() if value is not None}


def session_request(call: str, request: Mapping[str, Any], options: Iterable[str] = ()) -> Dict[str, Any]:
    """The body of ``POST /v1/sessions``. Raises TypeError as ``job_request`` does."""
    for name in request:
        if name not in _SESSION_FIELDS:
            hint = _session_hint(name, options)
            raise TypeError(f"{call}() got an unexpected keyword argument {name!r}{hint}")
    _check_names(f"{call}(): limits", request.get("limits"), _SESSION_LIMITS)
    return dict(request)


def _session_hint(name: str, options: Iterable[str]) -> str:
    # The field `from` cannot be written as an argument of Python.
    if name.strip("_") == "from":
        return "; did you mean 'snapshot'?"
    return _hint(name, [known for known in (*_SESSION_FIELDS, *options) if not keyword.iskeyword(known)])


def batch_request(requests: Iterable[Mapping[str, Any]]) -> Dict[str, Any]:
    """The body of a batch. Raises TypeError that names an unknown field and the job that has it."""
    if isinstance(requests, Mapping):
        raise TypeError("a batch is a list of requests, not one request")
    jobs = [dict(request) for request in requests]
    for index, request in enumerate(jobs):
        _check_names(f"jobs[{index}]", request, FIELDS)
        if "language" not in request:
            raise TypeError(f"jobs[{index}] has no 'language'")
        _check_nested(f"jobs[{index}].", request)
    return {"jobs": jobs}


def _check_nested(prefix: str, request: Mapping[str, Any]) -> None:
    for name, known in _OBJECTS.items():
        _check_names(f"{prefix}{name}", request.get(name), known)
    for name, known in _LISTS.items():
        items = request.get(name)
        if isinstance(items, (list, tuple)):
            for index, item in enumerate(cast("Iterable[object]", items)):
                _check_names(f"{prefix}{name}[{index}]", item, known)


def _check_names(where: str, value: object, known: FrozenSet[str]) -> None:
    # A value of another type is the service's to refuse.
    if not isinstance(value, Mapping):
        return
    for name in cast("Mapping[object, object]", value):
        if name not in known:
            raise TypeError(f"{where} has no field {name!r}{_hint(str(name), known)}")


def _hint(name: str, known: Iterable[str]) -> str:
    """The nearest name, letter case and underscores aside: ``wall_ms`` is near to ``wallMs``."""

    def plain(text: str) -> str:
        return re.sub("[^a-z0-9]", "", text.lower())

    by_plain = {plain(one): one for one in sorted(known)}
    near = difflib.get_close_matches(plain(name), list(by_plain), n=1, cutoff=0.6)
    return f"; did you mean {by_plain[near[0]]!r}?" if near else ""
