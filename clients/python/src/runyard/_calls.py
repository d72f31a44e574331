"""The API as flows, one for each call of a client. Both clients document them."""

from __future__ import annotations

import uuid
from typing import Any, Callable, Dict, List, Optional, Union, cast
from urllib.parse import quote, urlencode

from ._effects import Emit, Flow
from ._errors import RunyardError
from ._retry import Deadline
from ._session import Request, Session
from ._sse import SseParser
from ._uploads import Content, Upload
from .types import (
    AcceptedBatch,
    Batch,
    BrowserToken,
    CodeRequest,
    ContainerRequest,
    Delivery,
    Environment,
    Job,
    Runtime,
    StoredFile,
    StoredProblem,
    TenantSecrets,
    WholeDelivery,
)

# The longest the service waits at one time, in seconds.
_LONGEST_WAIT = 60
# The service writes to event streams every 15 s.
_SILENCE = 45.0
_PAGE = "100"


class Calls:
    """timeout: of a whole call, in seconds; None: none."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # Jobs

    def run(self, body: Dict[str, Any], key: Optional[str], timeout: Optional[float]) -> Flow[Job]:
        deadline = Deadline(timeout)
        job: Job = yield from self._submit("/v1/jobs", body, key, deadline, waits=True)
        return (yield from self._until_ended(job, deadline))

    def submit(self, body: Dict[str, Any], key: Optional[str], timeout: Optional[float]) -> Flow[Job]:
        return cast(Job, (yield from self._submit("/v1/jobs", body, key, Deadline(timeout))))

    def get(self, job_id: str, timeout: Optional[float]) -> Flow[Job]:
        return cast(Job, (yield from self._json("GET", _job(job_id), timeout)))

    def wait(self, job_id: str, timeout: Optional[float]) -> Flow[Job]:
        deadline = Deadline(timeout)
        job = cast(Job, (yield from self._session.json(Request("GET", _job(job_id)), deadline)))
        return (yield from self._until_ended(job, deadline))

    def cancel(self, job_id: str, timeout: Optional[float]) -> Flow[Job]:
        return cast(Job, (yield from self._json("DELETE", _job(job_id), timeout)))

    def get_request(self, job_id: str, timeout: Optional[float]) -> Flow[Union[CodeRequest, ContainerRequest]]:
        request = yield from self._json("GET", f"{_job(job_id)}/request", timeout)
        return cast("Union[CodeRequest, ContainerRequest]", request)

    def list(self, query: Dict[str, Optional[str]]) -> Flow[None]:
        return self.pages("/v1/jobs", "jobs", query)

    def stream(self, job_id: str, after: Optional[str], timeout: Optional[float]) -> Flow[None]:
        return self.events(f"{_job(job_id)}/events", f"job {job_id}", after, timeout, lambda event: event["type"] == "result")

    def events(
        self, path: str, what: str, after: Optional[str], timeout: Optional[float], is_last: Callable[[Any], bool]
    ) -> Flow[None]:
        """Emits the events over as many connections as it takes: none is missing, none comes twice."""
        session, deadline = self._session, Deadline(timeout)
        failures = 0
        while True:
            headers = {"accept": "text/event-stream"}
            if after is not None:
                headers["last-event-id"] = after
            request = Request("GET", path, headers)
            try:
                answer = yield from session.exchange(request, lambda: deadline.within(_SILENCE))
                try:
                    if answer.status == 204:
                        return
                    parser = SseParser()
                    while True:
                        piece = yield from answer.piece()
                        if not piece:
                            break
                        for event in parser.feed(piece):
                            failures, after = 0, event["id"]
                            yield Emit(event)
                            if is_last(event):
                                return
                finally:
                    answer.close()
                error = RunyardError("connection-closed", f"the event stream of {what} was cut")
            except RunyardError as refused:
                error = refused
            except OSError as lost:
                deadline.within(0)
                error = session.unreachable(lost)
            failures += 1
            yield from session.pause(error, failures, deadline)

    # Batches

    def batch(self, body: Dict[str, Any], key: Optional[str], timeout: Optional[float]) -> Flow[AcceptedBatch]:
        return cast(AcceptedBatch, (yield from self._submit("/v1/batches", body, key, Deadline(timeout))))

    def run_batch(self, body: Dict[str, Any], key: Optional[str], timeout: Optional[float]) -> Flow[Batch]:
        deadline = Deadline(timeout)
        # Either form of the answer has the id.
        batch = yield from self._submit("/v1/batches", body, key, deadline, waits=True)
        return (yield from self._until_batch_ended(batch["id"], deadline))

    def get_batch(self, batch_id: str, timeout: Optional[float]) -> Flow[Batch]:
        return cast(Batch, (yield from self._json("GET", _batch(batch_id), timeout)))

    def wait_batch(self, batch_id: str, timeout: Optional[float]) -> Flow[Batch]:
        return (yield from self._until_batch_ended(batch_id, Deadline(timeout)))

    def stream_batch(self, batch_id: str, timeout: Optional[float]) -> Flow[None]:
        what = f"batch {batch_id}"
        return self.events(f"{_batch(batch_id)}/events", what, None, timeout, lambda event: event["id"] == "end")

    def cancel_batch(self, batch_id: str, timeout: Optional[float]) -> Flow[Batch]:
        return cast(Batch, (yield from self._json("DELETE", _batch(batch_id), timeout)))

    # Files

    def put_file(
        self,
        content: Content,
        name: Optional[str],
        content_type: Optional[str],
        ttl_seconds: Optional[int],
        key: Optional[str],
        timeout: Optional[float],
    ) -> Flow[StoredFile]:
        upload = Upload(content)
        try:
            called = upload.name if name is None else name
            query = {"name": called, "ttlSeconds": None if ttl_seconds is None else str(ttl_seconds)}
            words = urlencode({key: value for key, value in query.items() if value is not None})
            headers = {
                "content-type": "application/octet-stream" if content_type is None else content_type,
                "idempotency-key": uuid.uuid4().hex if key is None else key,
            }
            request = Request("POST", f"/v1/files?{words}" if words else "/v1/files", headers, upload=upload)
            return cast(StoredFile, (yield from self._session.json(request, Deadline(timeout))))
        finally:
            upload.close()

    def get_file(self, file_id: str, timeout: Optional[float]) -> Flow[StoredFile]:
        return cast(StoredFile, (yield from self._json("GET", _file(file_id), timeout)))

    def list_files(self) -> Flow[None]:
        return self.pages("/v1/files", "files", {})

    def read_file(self, file_id: str, start: int, end: Optional[int], timeout: Optional[float]) -> Flow[bytes]:
        request = Request("GET", f"{_file(file_id)}/content", byte_range(start, end))
        return (yield from self._session.read(request, Deadline(timeout)))

    def stream_file(self, file_id: str, start: int, end: Optional[int], timeout: Optional[float]) -> Flow[None]:
        request = Request("GET", f"{_file(file_id)}/content", byte_range(start, end))
        return self.stream_bytes(request, f"the file {file_id}", timeout)

    def remove_file(self, file_id: str, timeout: Optional[float]) -> Flow[None]:
        yield from self._session.read(Request("DELETE", _file(file_id)), Deadline(timeout))

    # Artifacts

    def artifact(self, job_id: str, path: str, timeout: Optional[float]) -> Flow[bytes]:
        return (yield from self._session.read(Request("GET", _artifact(job_id, path)), Deadline(timeout)))

    def stream_artifact(self, job_id: str, path: str, timeout: Optional[float]) -> Flow[None]:
        return self.stream_bytes(Request("GET", _artifact(job_id, path)), f"the artifact {path}", timeout)

    def stream_bytes(self, request: Request, what: str, timeout: Optional[float]) -> Flow[None]:
        """Emits the bytes piece by piece. Made again only until the first has come: what was given cannot be taken back."""
        session, deadline = self._session, Deadline(timeout)
        failures = 0
        while True:
            has_given = False
            try:
                answer = yield from session.exchange(request, lambda: deadline.within(session.timeout))
                try:
                    while True:
                        piece = yield from answer.piece()
                        if not piece:
                            return
                        has_given = True
                        yield Emit(piece)
                finally:
                    answer.close()
            except RunyardError as refused:
                error = refused
            except OSError as lost:
                deadline.within(0)
                error = session.unreachable(lost)
            if has_given and error.code != "timeout":
                raise RunyardError("connection-closed", f"{what} was cut: {error.detail}") from error
            failures += 1
            yield from session.pause(error, failures, deadline)

    # Runtimes

    def runtimes(self, timeout: Optional[float]) -> Flow[List[Runtime]]:
        answer = yield from self._json("GET", "/v1/runtimes", timeout)
        return cast("List[Runtime]", answer["runtimes"])

    # Problems

    def create_problem(self, name: str, archive: str, timeout: Optional[float]) -> Flow[StoredProblem]:
        return cast(StoredProblem, (yield from self._once("/v1/problems", {"name": name, "archive": archive}, timeout)))

    def validate_problem(self, name: str, archive: str, timeout: Optional[float]) -> Flow[Dict[str, Any]]:
        request = Request("POST", "/v1/problems?validate", body={"name": name, "archive": archive})
        return cast("Dict[str, Any]", (yield from self._session.json(request, Deadline(timeout))))

    def problems(self, timeout: Optional[float]) -> Flow[List[StoredProblem]]:
        answer = yield from self._json("GET", "/v1/problems", timeout)
        return cast("List[StoredProblem]", answer["problems"])

    def problem(self, problem_id: str, timeout: Optional[float]) -> Flow[StoredProblem]:
        return cast(StoredProblem, (yield from self._json("GET", f"/v1/problems/{quote(problem_id, safe='')}", timeout)))

    def replace_problem(self, problem_id: str, name: str, archive: str, timeout: Optional[float]) -> Flow[StoredProblem]:
        body = {"name": name, "archive": archive}
        request = Request("PUT", f"/v1/problems/{quote(problem_id, safe='')}", body=body, repeatable=False)
        return cast(StoredProblem, (yield from self._session.json(request, Deadline(timeout))))

    def problem_action(self, problem_id: str, action: str, timeout: Optional[float]) -> Flow[Dict[str, Any]]:
        path = f"/v1/problems/{quote(problem_id, safe='')}/{action}"
        return cast("Dict[str, Any]", (yield from self._once(path, None, timeout)))

    def problem_part(self, problem_id: str, part: str, timeout: Optional[float]) -> Flow[Dict[str, Any]]:
        path = f"/v1/problems/{quote(problem_id, safe='')}/{part}"
        return cast("Dict[str, Any]", (yield from self._json("GET", path, timeout)))

    def compare_submissions(
        self, problem_id: str, least: int, code: bool, timeout: Optional[float]
    ) -> Flow[Dict[str, Any]]:
        deadline = Deadline(timeout)
        path = f"/v1/problems/{quote(problem_id, safe='')}/similarity"
        # While one comparison runs, another request joins it.
        yield from self._session.json(Request("POST", path), deadline)
        while True:
            seconds = deadline.whole_seconds(_LONGEST_WAIT)
            query = f"least={least}&code={str(code).lower()}&wait={seconds}"
            request = Request("GET", f"{path}?{query}", wait_seconds=seconds)
            found = cast("Dict[str, Any]", (yield from self._session.json(request, deadline)))
            if found["state"] == "finished":
                return found
            if found["state"] == "failed":
                detail = (
                    "the submissions could not be compared; this is a fault of the service: "
                    "compare them again, and see the logs of the workers if that fails too"
                )
                raise RunyardError("internal-error", detail, status=500)

    def similarity_report(
        self, problem_id: str, least: int, comparison: Optional[str], timeout: Optional[float]
    ) -> Flow[str]:
        which = "" if comparison is None else f"&comparison={quote(comparison, safe='')}"
        path = f"/v1/problems/{quote(problem_id, safe='')}/similarity/report?least={least}{which}"
        page = yield from self._session.read(Request("GET", path), Deadline(timeout))
        return page.decode()

    def delete_problem(self, problem_id: str, timeout: Optional[float]) -> Flow[None]:
        yield from self._session.read(Request("DELETE", f"/v1/problems/{quote(problem_id, safe='')}"), Deadline(timeout))

    # Environments

    def create_environment(self, body: Dict[str, Any], timeout: Optional[float]) -> Flow[Environment]:
        deadline = Deadline(timeout)
        while True:
            seconds = deadline.whole_seconds(_LONGEST_WAIT)
            request = Request("POST", "/v1/environments", {"prefer": f"wait={seconds}"}, body, seconds)
            found = cast(Environment, (yield from self._session.json(request, deadline)))
            if found["state"] == "ready":
                return found

    def environments(self, timeout: Optional[float]) -> Flow[List[Environment]]:
        answer = yield from self._json("GET", "/v1/environments", timeout)
        return cast("List[Environment]", answer["environments"])

    def environment(self, environment_id: str, timeout: Optional[float]) -> Flow[Environment]:
        return cast(Environment, (yield from self._json("GET", _environment(environment_id), timeout)))

    def environment_events(self, environment_id: str, after: Optional[str], timeout: Optional[float]) -> Flow[None]:
        path = f"{_environment(environment_id)}/events"
        return self.events(path, f"environment {environment_id}", after, timeout, lambda one: one["type"] in ("ready", "failed"))

    def delete_environment(self, environment_id: str, timeout: Optional[float]) -> Flow[None]:
        yield from self._session.read(Request("DELETE", _environment(environment_id)), Deadline(timeout))

    def create_browser_token(self, body: Dict[str, Any], timeout: Optional[float]) -> Flow[BrowserToken]:
        return cast(BrowserToken, (yield from self._once("/v1/browser-tokens", body, timeout)))

    # Webhooks

    def webhook_secret(self, timeout: Optional[float]) -> Flow[TenantSecrets]:
        return cast(TenantSecrets, (yield from self._json("GET", "/v1/webhook-secret", timeout)))

    def rotate_webhook_secret(self, timeout: Optional[float]) -> Flow[TenantSecrets]:
        return cast(TenantSecrets, (yield from self._once("/v1/webhook-secret/rotate", None, timeout)))

    def webhook_deliveries(self, query: Dict[str, Optional[str]]) -> Flow[None]:
        return self.pages("/v1/webhook-deliveries", "deliveries", query)

    def webhook_delivery(self, delivery_id: str, timeout: Optional[float]) -> Flow[WholeDelivery]:
        return cast(WholeDelivery, (yield from self._json("GET", _delivery(delivery_id), timeout)))

    def redeliver_webhook(self, delivery_id: str, timeout: Optional[float]) -> Flow[Delivery]:
        return cast(Delivery, (yield from self._once(f"{_delivery(delivery_id)}/redeliver", None, timeout)))

    def cancel_webhook_delivery(self, delivery_id: str, timeout: Optional[float]) -> Flow[Delivery]:
        return cast(Delivery, (yield from self._json("POST", f"{_delivery(delivery_id)}/cancel", timeout)))

    def test_webhook(self, url: str, timeout: Optional[float]) -> Flow[Delivery]:
        return cast(Delivery, (yield from self._once("/v1/webhook-test", {"url": url}, timeout)))

    def _json(self, method: str, path: str, timeout: Optional[float]) -> Flow[Any]:
        return self._session.json(Request(method, path), Deadline(timeout))

    def _once(self, path: str, body: Any, timeout: Optional[float]) -> Flow[Any]:
        """A request that does something each time that it is made, and has no idempotency key."""
        return self._session.json(Request("POST", path, body=body, repeatable=False), Deadline(timeout))

    def _submit(
        self, path: str, body: Dict[str, Any], key: Optional[str], deadline: Deadline, waits: bool = False
    ) -> Flow[Any]:
        headers = {"idempotency-key": uuid.uuid4().hex if key is None else key}
        seconds = deadline.whole_seconds(_LONGEST_WAIT) if waits else 0
        if seconds > 0:
            headers["prefer"] = f"wait={seconds}"
        return (yield from self._session.json(Request("POST", path, headers, body, seconds), deadline))

    def _until_ended(self, job: Job, deadline: Deadline) -> Flow[Job]:
        job_id = job["id"]
        while job["state"] not in ("finished", "cancelled"):
            seconds = deadline.whole_seconds(_LONGEST_WAIT)
            request = Request("GET", f"{_job(job_id)}?wait={seconds}", wait_seconds=seconds)
            try:
                job = cast(Job, (yield from self._session.json(request, deadline)))
            except RunyardError as error:
                if error.code != "not-found":
                    raise
                detail = f"the result of job {job_id} has expired before it was read"
                raise RunyardError("job-lost", detail, status=404) from error
        return job

    def _until_batch_ended(self, batch_id: str, deadline: Deadline) -> Flow[Batch]:
        while True:
            seconds = deadline.whole_seconds(_LONGEST_WAIT)
            request = Request("GET", f"{_batch(batch_id)}?wait={seconds}", wait_seconds=seconds)
            batch = cast(Batch, (yield from self._session.json(request, deadline)))
            if batch["counts"]["queued"] + batch["counts"]["running"] == 0:
                return batch

    def pages(self, path: str, name: str, query: Dict[str, Optional[str]]) -> Flow[None]:
        """Emits the items of all pages, each page when it is needed."""
        known = {"limit": _PAGE, **query}
        while True:
            words = urlencode({key: value for key, value in known.items() if value is not None})
            page = yield from self._json("GET", f"{path}?{words}", None)
            for item in page[name]:
                yield Emit(item)
            if page["next"] is None:
                return
            known["cursor"] = page["next"]


def part(text: str) -> str:
    """A part of a path. One that leads elsewhere would ask for something else."""
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} is no id")
    return quote(text, safe="")


def _job(job_id: str) -> str:
    return f"/v1/jobs/{part(job_id)}"


def _batch(batch_id: str) -> str:
    return f"/v1/batches/{part(batch_id)}"


def _environment(environment_id: str) -> str:
    return f"/v1/environments/{part(environment_id)}"


def _delivery(delivery_id: str) -> str:
    return f"/v1/webhook-deliveries/{part(delivery_id)}"


def _artifact(job_id: str, path: str) -> str:
    return f"{_job(job_id)}/artifacts/{'/'.join(part(one) for one in path.split('/'))}"


def _file(file_id: str) -> str:
    return f"/v1/files/{part(file_id)}"


def byte_range(start: int, end: Optional[int]) -> Dict[str, str]:
    if start == 0 and end is None:
        return {}
    return {"range": f"bytes={start}-{'' if end is None else end}"}


def job_events_socket(job_id: str, after: Optional[str]) -> str:
    """The path of the WebSocket of an interactive job."""
    return f"{_job(job_id)}/io" + ("" if after is None else f"?{urlencode({'after': after})}")
