"""What the clients raise."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, cast

from .types import FieldError, Finding


class RunyardError(Exception):
    """A call did not succeed. A program that fails is no error: that is the job's ``status``.

    code: stable. One of docs/errors.md, or ``unreachable`` (no answer), ``unknown`` (the answer is not Runyard's),
        ``connection-closed``, ``job-lost`` (the result expired before it was read), ``timeout`` (of this call), or a refusal
        of input to an interactive job, such as ``input-closed``
    status: the HTTP status; 0 without an answer
    detail: a sentence for people
    errors: the fields that are wrong
    violations: what screening found in a submission that it refused
    retry_after: seconds until the service wants to be asked again; None when it did not say
    request_id: the id of the request in the service's log
    problem: the whole problem document (RFC 9457); empty when there is none
    """

    def __init__(
        self,
        code: str,
        detail: str,
        status: int = 0,
        errors: Optional[List[FieldError]] = None,
        violations: Optional[List[Finding]] = None,
        retry_after: Optional[float] = None,
        request_id: Optional[str] = None,
        problem: Optional[Dict[str, Any]] = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.errors: List[FieldError] = errors or []
        self.violations: List[Finding] = violations or []
        self.retry_after = retry_after
        self.request_id = request_id
        self.problem: Dict[str, Any] = problem or {}

    @property
    def type(self) -> str:
        """The URI of the kind of problem: ``urn:runyard:problem:`` and the code; ``about:blank`` without a document."""
        return str(self.problem.get("type", "about:blank"))

    @property
    def title(self) -> str:
        """A short sentence that is the same for each problem of a code."""
        return str(self.problem.get("title", self.detail))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code!r}, {self.detail!r}, status={self.status})"

    def __reduce__(self) -> Tuple[Callable[..., Any], Tuple[Any, ...]]:
        # Exceptions are made anew from `args`, which have the detail only; an error has to pass between processes.
        parts = (self.code, self.detail, self.status, self.errors, self.violations)
        return (type(self), (*parts, self.retry_after, self.request_id, self.problem))


class RunyardTimeoutError(RunyardError, TimeoutError):
    """The ``timeout`` of a call has passed. What was submitted goes on."""


class WebhookVerificationError(Exception):
    """A webhook is not signed with a secret you know, or is too old."""


def is_late(error: RunyardError) -> bool:
    """Whether nobody waits for an answer to a question: the code has ended, or has an answer of somebody else."""
    return error.code in ("not-waiting", "not-found")


def error_of_answer(status: int, reason: str, headers: Mapping[str, str], body: bytes, url: str) -> RunyardError:
    """The error that an answer of status 300 and above stands for."""
    retry_after = headers.get("retry-after", "")
    # Runyard sends seconds; proxies may send a date, which a clock that is wrong would turn into nonsense.
    seconds = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None
    request_id = headers.get("x-request-id")
    problem = _problem(body)
    if problem is not None:
        return RunyardError(
            problem["code"],
            problem["detail"],
            status=status,
            errors=cast("Optional[List[FieldError]]", problem.get("errors")),
            violations=cast("Optional[List[Finding]]", problem.get("violations")),
            retry_after=seconds,
            request_id=request_id,
            problem=problem,
        )
    detail = f"the answer was {status} {reason}".rstrip() + f", which did not come from Runyard: {url}"
    return RunyardError("unknown", detail, status=status, retry_after=seconds, request_id=request_id)


def _problem(body: bytes) -> Optional[Dict[str, Any]]:
    try:
        parsed: object = json.loads(body)
    except ValueError:
        return None
    if not isinstance(parsed, dict):
        return None
    problem = cast("Dict[str, Any]", parsed)
    is_problem = isinstance(problem.get("code"), str) and isinstance(problem.get("detail"), str)
    return problem if is_problem else None
