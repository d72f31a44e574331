"""Runs programs on Runyard.

One file, the standard library, Python 3.9 or newer:

    from runyard import Client

    client = Client("http://127.0.0.1:3000")
    job = client.run(language="python", code="print(6 * 7)")
    print(job["status"], job["stages"][0]["stdout"])

Jobs, events and runtimes are dictionaries, as the API has them. What does not work is a RunyardError; a program that fails is
none: that is the job's "status".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import random
import time
import uuid
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Union
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

__all__ = ["Client", "RunyardError", "WebhookVerificationError", "verify_webhook"]

Json = Dict[str, Any]

# The longest the service waits at one time, in seconds.
_LONGEST_WAIT = 60
# An answer that takes longer than this, beyond what it may, is not going to come. The service writes to event streams every 15 s.
_PATIENCE = 30.0
_SILENCE = 45.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 8.0
# Who is asked to wait for longer is told so instead.
_LONGEST_RETRY_AFTER = 60.0
_PASSING = frozenset((429, 502, 503, 504))
# A refused rate comes back by itself: it is waited for so often at least, unless nothing is to be made again.
_RATE_RETRIES = 8
# What a connection fails of.
_LOST = (OSError, http.client.HTTPException)


class RunyardError(Exception):
    """Something did not work.

    code: stable; one of docs/errors.md, or "unreachable" (no answer), "unknown" (an answer that was none of Runyard's),
        "connection-closed", "job-lost" (the result expired before it was read), "timeout" (of this call)
    status: the HTTP status; 0 when there was no answer
    detail: a sentence for people
    errors: the fields that are wrong, {"pointer", "detail"} each
    violations: what screening found, of a submission that was refused
    retry_after: how soon the service wants to be asked again, in seconds; None when it did not say
    request_id: under which the service's log tells of the request
    """

    def __init__(
        self,
        code: str,
        detail: str,
        status: int = 0,
        errors: Optional[List[Json]] = None,
        violations: Optional[List[Json]] = None,
        retry_after: Optional[float] = None,
        request_id: Optional[str] = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.errors = errors or []
        self.violations = violations or []
        self.retry_after = retry_after
        self.request_id = request_id

    def __repr__(self) -> str:
        return f"RunyardError({self.code!r}, {self.detail!r}, status={self.status})"


class WebhookVerificationError(Exception):
    """What came is not signed by who knows the secret, or is too old."""


class Client:
    """Runyard, as a program uses it. May be shared by threads.

    url: e.g. "http://127.0.0.1:3000"
    key: "ry_..."; None where the service asks for none
    retries: how often a request is made again that could not be answered (429, 502, 503, 504, no answer). No job runs twice
        by that: each submission has an Idempotency-Key.
    on_retry: called with the RunyardError and the seconds before each pause after which a request is made again
    """

    def __init__(
        self,
        url: str,
        key: Optional[str] = None,
        retries: int = 8,
        on_retry: Optional[Callable[[RunyardError, float], None]] = None,
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise ValueError(f"url is {url!r}; it must be like http://127.0.0.1:3000")
        self.url = url.rstrip("/")
        self._key = key
        self._retries = retries
        self._on_retry = on_retry
        # No proxy for a service on this machine, whatever the environment says.
        is_local = urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")
        self._opener = build_opener(ProxyHandler({})) if is_local else build_opener()

    def run(self, *, timeout: Optional[float] = None, idempotency_key: Optional[str] = None, **request: Any) -> Json:
        """Submits a job and gives it when it has ended, however long that takes.

        request: the fields of POST /v1/jobs, e.g. language="python", code="print(1)", limits={"wallMs": 1000}
        timeout: in seconds; then RunyardError "timeout". The job goes on.
        """
        deadline = _Deadline(timeout)
        job = self._post("/v1/jobs", request, idempotency_key, deadline, wait=True)
        return self._until_ended(job, deadline)

    def submit(self, *, timeout: Optional[float] = None, idempotency_key: Optional[str] = None, **request: Any) -> Json:
        """Submits a job and gives it as it was accepted."""
        return self._post("/v1/jobs", request, idempotency_key, _Deadline(timeout))

    def get(self, job_id: str) -> Json:
        """The job as it is now."""
        return self._json("GET", f"/v1/jobs/{quote(job_id, safe='')}")

    def wait(self, job_id: str, timeout: Optional[float] = None) -> Json:
        """The job when it has ended."""
        return self._until_ended(self.get(job_id), _Deadline(timeout))

    def stream(self, job_id: str, after: Optional[str] = None) -> Iterator[Json]:
        """The events of a job, {"id", "type", "data"} each, from its first to "result".

        A connection that is lost is made again: nothing is missing, nothing comes twice.
        after: the id of the last event that was seen
        """
        path = f"/v1/jobs/{quote(job_id, safe='')}/events"
        failures = 0
        while True:
            try:
                headers = {"accept": "text/event-stream"}
                if after is not None:
                    headers["last-event-id"] = after
                with self._open("GET", path, headers=headers, timeout=_SILENCE) as answer:
                    if answer.status == 204:
                        return
                    for event in _events(answer):
                        failures = 0
                        after = event["id"]
                        yield event
                        if event["type"] == "result":
                            return
                error = RunyardError("connection-closed", f"the event stream of job {job_id} was cut")
            except RunyardError as refused:
                error = refused
            except _LOST as lost:
                error = self._unreachable(lost)
            failures += 1
            self._pause(error, failures, _Deadline(None))

    def cancel(self, job_id: str) -> Json:
        """Ends a job, queued or running. One that has ended stays as it is."""
        return self._json("DELETE", f"/v1/jobs/{quote(job_id, safe='')}")

    def list(
        self,
        state: Optional[str] = None,
        status: Optional[str] = None,
        language: Optional[str] = None,
        end_user: Optional[str] = None,
    ) -> Iterator[Json]:
        """Your jobs, newest first, without their output; read page by page as they are asked for."""
        query = {"limit": "100", "state": state, "status": status, "language": language, "endUser": end_user}
        while True:
            words = urlencode({name: value for name, value in query.items() if value is not None})
            page = self._json("GET", f"/v1/jobs?{words}")
            yield from page["jobs"]
            if page["next"] is None:
                return
            query["cursor"] = page["next"]

    def batch(self, requests: Iterable[Mapping[str, Any]], idempotency_key: Optional[str] = None) -> Json:
        """Submits up to 100 jobs, all or none. Gives {"id", "jobs"}: the ids, those of the jobs in their order."""
        return self._post("/v1/batches", {"jobs": list(requests)}, idempotency_key, _Deadline(None))

    def get_batch(self, batch_id: str) -> Json:
        """How far a batch is: {"id", "createdAt", "counts", "jobs"}."""
        return self._json("GET", f"/v1/batches/{quote(batch_id, safe='')}")

    def wait_batch(self, batch_id: str, timeout: Optional[float] = None) -> Json:
        """The batch when all of its jobs have ended.

        timeout: in seconds; then RunyardError "timeout". The jobs go on.
        """
        deadline = _Deadline(timeout)
        while True:
            seconds = deadline.whole_seconds(_LONGEST_WAIT)
            path = f"/v1/batches/{quote(batch_id, safe='')}?wait={seconds}"
            batch = self._json("GET", path, deadline=deadline, waits=seconds)
            if batch["counts"]["queued"] + batch["counts"]["running"] == 0:
                return batch

    def cancel_batch(self, batch_id: str) -> Json:
        """Ends the jobs of a batch, queued or running. Those that have ended stay as they are."""
        return self._json("DELETE", f"/v1/batches/{quote(batch_id, safe='')}")

    def artifact(self, job_id: str, path: str) -> bytes:
        """A file that a job made, by its path in the job's "artifacts"."""
        return self._read("GET", f"/v1/jobs/{quote(job_id, safe='')}/artifacts/{quote(path)}")

    def runtimes(self) -> List[Json]:
        """The languages."""
        return self._json("GET", "/v1/runtimes")["runtimes"]

    def _until_ended(self, job: Json, deadline: _Deadline) -> Json:
        job_id = job["id"]
        while job["state"] not in ("finished", "cancelled"):
            seconds = deadline.whole_seconds(_LONGEST_WAIT)
            try:
                job = self._json("GET", f"/v1/jobs/{job_id}?wait={seconds}", deadline=deadline, waits=seconds)
            except RunyardError as error:
                if error.code != "not-found":
                    raise
                detail = f"the result of job {job_id} has expired before it was read"
                raise RunyardError("job-lost", detail, status=404) from error
        return job

    def _post(
        self, path: str, body: Any, idempotency_key: Optional[str], deadline: _Deadline, wait: bool = False
    ) -> Json:
        headers = {"idempotency-key": idempotency_key or uuid.uuid4().hex}
        seconds = deadline.whole_seconds(_LONGEST_WAIT) if wait else 0
        if seconds > 0:
            headers["prefer"] = f"wait={seconds}"
        return self._json("POST", path, body, headers, deadline, seconds)

    def _json(self, *args: Any, **options: Any) -> Any:
        return json.loads(self._read(*args, **options))

    def _read(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Optional[Mapping[str, str]] = None,
        deadline: Optional[_Deadline] = None,
        waits: float = 0,
    ) -> bytes:
        """One request, made again while that may help."""
        deadline = deadline or _Deadline(None)
        failures = 0
        while True:
            try:
                timeout = deadline.within(waits + _PATIENCE)
                with self._open(method, path, body, headers, timeout) as answer:
                    return answer.read()
            except RunyardError as refused:
                error = refused
            except _LOST as lost:
                error = self._unreachable(lost)
            failures += 1
            self._pause(error, failures, deadline)

    def _open(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Optional[Mapping[str, str]] = None,
        timeout: float = _PATIENCE,
    ) -> Any:
        shown = {"user-agent": "runyard-python", **(headers or {})}
        if self._key is not None:
            shown["authorization"] = f"Bearer {self._key}"
        data = None
        if body is not None:
            shown["content-type"] = "application/json"
            data = json.dumps(body).encode()
        request = Request(f"{self.url}{path}", data=data, headers=shown, method=method)
        try:
            return self._opener.open(request, timeout=timeout)
        except HTTPError as refused:
            with refused:
                raise _error_of(refused) from None

    def _pause(self, error: RunyardError, failures: int, deadline: _Deadline) -> None:
        """Waits before a request is made again. Raises the error when it should not be."""
        seconds = _pause_before(error, failures, self._retries)
        if seconds is None:
            raise error
        seconds = deadline.within(seconds)
        if self._on_retry is not None:
            self._on_retry(error, seconds)
        time.sleep(seconds)

    def _unreachable(self, cause: BaseException) -> RunyardError:
        return RunyardError("unreachable", f"no answer from {self.url}: {getattr(cause, 'reason', None) or cause}")


class _Deadline:
    """When a call has to be over."""

    def __init__(self, timeout: Optional[float]) -> None:
        self._timeout = timeout
        self._end = None if timeout is None else time.monotonic() + timeout

    def within(self, seconds: float) -> float:
        """So many seconds, or what is left. Raises when nothing is."""
        if self._end is None:
            return seconds
        left = self._end - time.monotonic()
        if left <= 0:
            raise RunyardError("timeout", f"it took longer than {self._timeout} s; the job, if there is one, goes on")
        return min(seconds, left)

    def whole_seconds(self, most: int) -> int:
        """For the service, which waits for whole seconds; at least one."""
        return max(1, int(self.within(most)))


def _pause_before(error: RunyardError, failures: int, retries: int) -> Optional[float]:
    passes = error.code in ("unreachable", "connection-closed") or error.status in _PASSING
    most = max(retries, _RATE_RETRIES) if error.code == "rate-limited" and retries > 0 else retries
    if not passes or failures > most:
        return None
    # A rate that is never enough for so much at once comes without a time.
    if error.code == "rate-limited" and error.retry_after is None:
        return None
    # Clients that failed together do not come back together.
    chance = random.random()
    if error.retry_after is not None:
        return None if error.retry_after > _LONGEST_RETRY_AFTER else error.retry_after * (1 + 0.1 * chance)
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (failures - 1)) * (0.5 + 0.5 * chance)


def _error_of(answer: HTTPError) -> RunyardError:
    """Reads what an answer that is no success tells."""
    retry_after = answer.headers.get("retry-after")
    common: Json = {
        "status": answer.code,
        "retry_after": float(retry_after) if retry_after is not None and retry_after.isdigit() else None,
        "request_id": answer.headers.get("x-request-id"),
    }
    try:
        body = json.loads(answer.read())
        return RunyardError(body["code"], body["detail"], errors=body.get("errors"), violations=body.get("violations"), **common)
    except (*_LOST, ValueError, KeyError, TypeError):
        detail = f"the answer was {answer.code} {answer.reason}, which did not come from Runyard: {answer.url}"
        return RunyardError("unknown", detail, **common)


def _events(answer: Iterable[bytes]) -> Iterator[Json]:
    """Server-sent events, as they come (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    kind, event_id, data = "", "", []
    for raw in answer:
        if not raw.endswith(b"\n"):
            # The connection was cut within a line.
            return
        line = raw.decode().rstrip("\r\n")
        if line == "":
            if data:
                yield {"id": event_id, "type": kind, "data": json.loads("\n".join(data))}
            kind, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if field == "event":
            kind = value
        elif field == "id":
            event_id = value
        elif field == "data":
            data.append(value)


def verify_webhook(
    headers: Mapping[str, str],
    body: Union[str, bytes],
    secret: Union[str, Sequence[str]],
    tolerance: float = 300,
) -> Json:
    """What a webhook tells, once it is certain that Runyard sent it (Standard Webhooks, version 1).

    headers: those of the request; letter case does not matter
    body: as it came, byte for byte: not parsed and written anew
    secret: "whsec_..." of GET /v1/webhook-secret; several while it is being changed
    tolerance: how far its time may be off, in seconds
    Raises WebhookVerificationError.
    """
    named = {name.lower(): value for name, value in headers.items()}
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        if name not in named:
            raise WebhookVerificationError(f"the header {name} is missing")
    timestamp = named["webhook-timestamp"]
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise WebhookVerificationError("webhook-timestamp is not a time in seconds")
    if abs(time.time() - int(timestamp)) > tolerance:
        raise WebhookVerificationError(f"webhook-timestamp is more than {tolerance} s from now")
    content = body.encode() if isinstance(body, str) else body
    signed = f"{named['webhook-id']}.{timestamp}.".encode() + content
    given = [one[len("v1,") :].encode() for one in named["webhook-signature"].split(" ") if one.startswith("v1,")]
    for one in [secret] if isinstance(secret, str) else secret:
        expected = base64.b64encode(hmac.new(_secret_bytes(one), signed, hashlib.sha256).digest())
        if any(hmac.compare_digest(expected, mac) for mac in given):
            return json.loads(content)
    raise WebhookVerificationError("no signature in webhook-signature is one by this secret")


def _secret_bytes(secret: str) -> bytes:
    try:
        if secret.startswith("whsec_"):
            key = base64.b64decode(secret[len("whsec_") :], validate=True)
            if key:
                return key
    except binascii.Error:
        pass
    raise ValueError("a webhook secret is whsec_ and base64")
