"""The client for asyncio."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64decode, b64encode
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, AsyncGenerator, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Type, Union

from ._arguments import batch_request, browser_token_request, environment_request, job_request
from ._artifact_files import FileInTheMaking, PathLike, place_in
from ._calls import Calls
from ._errors import RunyardError
from ._route import route_to
from ._session import Session
from ._session_calls import SessionCalls
from ._async_files import AsyncFiles
from ._async_sessions import AsyncSessions
from ._async import AsyncDriver, AsyncInteractiveJob
from ._sync import lazy_tls
from .types import (
    AcceptedBatch,
    Batch,
    BrowserToken,
    CodeRequest,
    ContainerRequest,
    Delivery,
    DeliveryState,
    Environment,
    EnvironmentEvent,
    Job,
    JobEvent,
    JobSummary,
    Runtime,
    State,
    Status,
    StoredProblem,
    TenantSecrets,
    WholeDelivery,
)

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

_OPTIONS = ("idempotency_key", "timeout")


class AsyncClient:
    """A client of Runyard for asyncio. Tasks of one event loop may share it; each call has a connection to itself, and connections
    are kept for later calls.

    Every call raises RunyardError when it does not succeed. ``timeout=`` is in seconds and bounds a call as a whole, however
    often it is tried; then RunyardTimeoutError. Neither a timeout nor the cancellation of a task ends a job:
    ``cancel`` does.

    url: e.g. ``http://127.0.0.1:3000``
    key: ``ry_...``; None where the service asks for none
    retries: how often a request is made again that could not be answered (429, 502, 503, 504, no answer). No job runs twice
        because of that: each submission has an Idempotency-Key
    on_retry: called with the RunyardError and the seconds before each pause after which a request is made again
    timeout: seconds until an answer comes, beyond what the service may wait on purpose
    ssl_context: for https; by default that of ``ssl.create_default_context()``
    """

    def __init__(
        self,
        url: str,
        key: Optional[str] = None,
        retries: int = 8,
        on_retry: Optional[Callable[[RunyardError, float], None]] = None,
        *,
        timeout: float = 30.0,
        ssl_context: Optional[ssl.SSLContext] = None,
    ) -> None:
        self._session = Session(route_to(url), key, retries, on_retry, timeout)
        self.url = self._session.route.url
        self._calls = Calls(self._session)
        self._driver = AsyncDriver(lazy_tls(ssl_context))
        self.files = AsyncFiles(self._driver, self._calls)
        self.sessions = AsyncSessions(self._driver, SessionCalls(self._session, self._calls))

    async def close(self) -> None:
        """Closes the connections that are kept. The client cannot be used any more; jobs go on."""
        self._session.pool.close()
        # The loop notices.
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        await self.close()

    # Jobs

    async def run(
        self,
        *,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
        **request: Unpack[CodeRequest],
    ) -> Job:
        """Submits a job and returns it when it has ended, however long that takes.

        request: the fields of ``POST /v1/jobs``: language, version, code, files, entrypoint, stdin, stdinEncoding, args, env,
            compilerArgs, dependencies, limits, expectedOutput, tests, checker, interactor, groups, stopOnFailure, secret,
            languages, languageLimits, harness, passes, outputOnly, priority, delayMs,
            webhook, artifacts, interactive, terminal, keepRequest, endUser, metadata. Any other raises TypeError
        idempotency_key: the same key with the same request is the same job, for 24 hours; by default one for each call
        timeout: then RunyardTimeoutError; the job goes on
        """
        body = job_request("run", request, _OPTIONS)
        return await self._driver.run(self._calls.run(body, idempotency_key, timeout))

    async def submit(
        self,
        *,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
        **request: Unpack[CodeRequest],
    ) -> Job:
        """Submits a job and returns it as it was accepted. Arguments are those of ``run``."""
        body = job_request("submit", request, _OPTIONS)
        return await self._driver.run(self._calls.submit(body, idempotency_key, timeout))

    async def get(self, job_id: str, *, timeout: Optional[float] = None) -> Job:
        """Returns the job as it is now."""
        return await self._driver.run(self._calls.get(job_id, timeout))

    async def wait(self, job_id: str, timeout: Optional[float] = None) -> Job:
        """Returns the job when it has ended."""
        return await self._driver.run(self._calls.wait(job_id, timeout))

    def stream(
        self, job_id: str, after: Optional[str] = None, *, timeout: Optional[float] = None
    ) -> AsyncGenerator[JobEvent, None]:
        """Yields the events of a job, from its first to ``result``.

        A connection that is lost is made again: no event is missing, none comes twice.
        after: ``id`` of the last event that was seen
        """
        return self._driver.iterate(self._calls.stream(job_id, after, timeout))

    async def cancel(self, job_id: str, *, timeout: Optional[float] = None) -> Job:
        """Ends a job, queued or running, and returns it. A job that has ended stays as it is."""
        return await self._driver.run(self._calls.cancel(job_id, timeout))

    def list(
        self,
        state: Optional[State] = None,
        status: Optional[Status] = None,
        language: Optional[str] = None,
        end_user: Optional[str] = None,
    ) -> AsyncGenerator[JobSummary, None]:
        """Yields your jobs, newest first, without their output. Pages are read as they are needed."""
        query = {"state": state, "status": status, "language": language, "endUser": end_user}
        return self._driver.iterate(self._calls.list(query))

    async def get_request(
        self, job_id: str, *, timeout: Optional[float] = None
    ) -> Union[CodeRequest, ContainerRequest]:
        """Returns the request of a job that was submitted with ``keepRequest``."""
        return await self._driver.run(self._calls.get_request(job_id, timeout))

    # Interactive jobs

    async def interactive(
        self,
        *,
        idempotency_key: Optional[str] = None,
        timeout: Optional[float] = None,
        **request: Unpack[CodeRequest],
    ) -> AsyncInteractiveJob:
        """Submits a job whose standard input stays open, and connects to it. Arguments are those of ``run``.

        timeout: of the submission
        """
        body = {**job_request("interactive", request, _OPTIONS), "interactive": True}
        job = await self._driver.run(self._calls.submit(body, idempotency_key, timeout))
        return self.connect(job["id"])

    def connect(self, job_id: str) -> AsyncInteractiveJob:
        """Connects to a job that was submitted with ``interactive=True``. The connection is made by the first call."""
        return AsyncInteractiveJob(self._driver, self._session, job_id)

    # Batches

    # `List` of typing throughout: within this class `list` is the method.
    async def batch(
        self,
        requests: Iterable[Union[CodeRequest, Mapping[str, Any]]],
        idempotency_key: Optional[str] = None,
        *,
        timeout: Optional[float] = None,
    ) -> AcceptedBatch:
        """Submits up to 100 jobs, all or none. Returns the ids: of the batch, and of the jobs in their order."""
        return await self._driver.run(self._calls.batch(batch_request(requests), idempotency_key, timeout))

    async def run_batch(
        self,
        requests: Iterable[Union[CodeRequest, Mapping[str, Any]]],
        idempotency_key: Optional[str] = None,
        *,
        timeout: Optional[float] = None,
    ) -> Batch:
        """Submits up to 100 jobs, all or none, and returns the batch when all have ended."""
        return await self._driver.run(self._calls.run_batch(batch_request(requests), idempotency_key, timeout))

    async def get_batch(self, batch_id: str, *, timeout: Optional[float] = None) -> Batch:
        """Returns the progress of a batch, and its jobs without output."""
        return await self._driver.run(self._calls.get_batch(batch_id, timeout))

    async def wait_batch(self, batch_id: str, timeout: Optional[float] = None) -> Batch:
        """Returns the batch when all of its jobs have ended."""
        return await self._driver.run(self._calls.wait_batch(batch_id, timeout))

    def stream_batch(self, batch_id: str, *, timeout: Optional[float] = None) -> AsyncGenerator[Dict[str, Any], None]:
        """Yields what becomes of a batch: ``job`` with each job that has ended, ``progress`` with how many are in each state.

        After a connection that was lost, the jobs that have ended come again.
        """
        return self._driver.iterate(self._calls.stream_batch(batch_id, timeout))

    async def cancel_batch(self, batch_id: str, *, timeout: Optional[float] = None) -> Batch:
        """Ends the jobs of a batch, queued or running. Those that have ended stay as they are."""
        return await self._driver.run(self._calls.cancel_batch(batch_id, timeout))

    # Artifacts

    async def artifact(self, job_id: str, path: str, *, timeout: Optional[float] = None) -> bytes:
        """Returns a file that a job made, by its path in the job's ``artifacts``."""
        return await self._driver.run(self._calls.artifact(job_id, path, timeout))

    def stream_artifact(
        self, job_id: str, path: str, *, timeout: Optional[float] = None
    ) -> AsyncGenerator[bytes, None]:
        """Yields the bytes of such a file in pieces, as they come."""
        return self._driver.iterate(self._calls.stream_artifact(job_id, path, timeout))

    async def save_artifact(self, job_id: str, path: str, to: PathLike, *, timeout: Optional[float] = None) -> Path:
        """Saves such a file as ``to``, which is there when it is whole, and returns its place."""
        with FileInTheMaking(to) as file:
            async for piece in self.stream_artifact(job_id, path, timeout=timeout):
                await asyncio.to_thread(file.write, piece)
        return file.target

    async def save_artifacts(self, job: Union[Job, JobSummary], folder: PathLike) -> List[Path]:
        """Saves all artifacts of a job that has ended below a folder, and returns their places.

        Their names were chosen by the program: ValueError for one that leads out of the folder, before any is saved.
        """
        places = [(one["path"], place_in(folder, one["path"])) for one in job.get("artifacts", [])]
        for path, place in places:
            place.parent.mkdir(parents=True, exist_ok=True)
            await self.save_artifact(job["id"], path, place)
        return [place for _, place in places]

    # Runtimes

    async def runtimes(self, *, timeout: Optional[float] = None) -> List[Runtime]:
        """Returns the languages."""
        return await self._driver.run(self._calls.runtimes(timeout))

    # Environments

    async def create_environment(
        self,
        language: str,
        dependencies: Optional[Sequence[str]] = None,
        *,
        manifest: Optional[str] = None,
        set: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Environment:
        """Has packages installed, and returns their environment when it is ready: ``environment`` of a job is its ``id``.

        dependencies: names with versions, such as ``numpy>=2``; either these, a manifest or a set
        manifest: the content of the language's manifest, such as a requirements.txt, or the ``lock`` of an environment
        set: a set of packages that the service knows, such as ``python/data``
        """
        body = environment_request(language, dependencies, manifest, set)
        return await self._driver.run(self._calls.create_environment(body, timeout))

    async def environments(self, *, timeout: Optional[float] = None) -> List[Environment]:
        """Returns the environments that you asked for, newest first, at most 100."""
        return await self._driver.run(self._calls.environments(timeout))

    async def environment(self, environment_id: str, *, timeout: Optional[float] = None) -> Environment:
        """Returns what is known of an environment."""
        return await self._driver.run(self._calls.environment(environment_id, timeout))

    def environment_events(
        self, environment_id: str, after: Optional[str] = None, *, timeout: Optional[float] = None
    ) -> AsyncGenerator[EnvironmentEvent, None]:
        """Yields what is done to install an environment, to ``ready`` or ``failed``. A connection that is lost is made again."""
        return self._driver.iterate(self._calls.environment_events(environment_id, after, timeout))

    async def delete_environment(self, environment_id: str, *, timeout: Optional[float] = None) -> None:
        """Takes an environment off your list."""
        return await self._driver.run(self._calls.delete_environment(environment_id, timeout))

    # Browser tokens

    async def create_browser_token(
        self,
        origin: str,
        *,
        scopes: Optional[Sequence[str]] = None,
        lifetime_ms: Optional[int] = None,
        timeout: Optional[float] = None,
    ) -> BrowserToken:
        """Makes a token with which pages of one origin run code without an API key.

        origin: as browsers name it, such as ``https://docs.example.com``
        scopes: ``sessions``, ``jobs`` or both; ``sessions`` when absent
        lifetime_ms: at most a day; an hour when absent
        """
        body = browser_token_request(origin, scopes, lifetime_ms)
        return await self._driver.run(self._calls.create_browser_token(body, timeout))

    # Problems

    async def create_problem(self, name: str, archive: bytes, *, timeout: Optional[float] = None) -> StoredProblem:
        """Stores a problem, and returns what is known of it.

        archive: a zip, tar or tar.gz of a folder with NAME.in and NAME.ans, or of a problem package of Kattis or Polygon
        """
        return await self._driver.run(self._calls.create_problem(name, b64encode(archive).decode(), timeout))

    async def validate_problem(self, name: str, archive: bytes, *, timeout: Optional[float] = None) -> Dict[str, Any]:
        """Says what an archive is, and stores nothing: ``format``, ``tests``, ``groups``, ``points``, ``examples`` and more.

        Arguments are those of ``create_problem``. What is wrong with it is RunyardError with all ``errors``.
        """
        return await self._driver.run(self._calls.validate_problem(name, b64encode(archive).decode(), timeout))

    async def problems(self, *, timeout: Optional[float] = None) -> List[StoredProblem]:
        """Returns your problems, newest first, without their tests."""
        return await self._driver.run(self._calls.problems(timeout))

    async def problem(self, problem_id: str, *, timeout: Optional[float] = None) -> StoredProblem:
        """Returns what is known of a problem."""
        return await self._driver.run(self._calls.problem(problem_id, timeout))

    async def replace_problem(
        self, problem_id: str, name: str, archive: bytes, *, timeout: Optional[float] = None
    ) -> StoredProblem:
        """Stores a new version of a problem, whose id stays. Arguments are those of ``create_problem``."""
        return await self._driver.run(
            self._calls.replace_problem(problem_id, name, b64encode(archive).decode(), timeout)
        )

    async def export_problem(self, problem_id: str, *, timeout: Optional[float] = None) -> bytes:
        """Returns a tar.gz of a folder that makes the same problem again, with its tests."""
        found = await self._driver.run(self._calls.problem_part(problem_id, "archive", timeout))
        return b64decode(found["archive"])

    async def check_problem(self, problem_id: str, *, timeout: Optional[float] = None) -> Dict[str, Any]:
        """Judges the example submissions of a problem; returns ``batch`` and ``jobs``."""
        return await self._driver.run(self._calls.problem_action(problem_id, "check", timeout))

    async def problem_check(self, problem_id: str, *, timeout: Optional[float] = None) -> Dict[str, Any]:
        """Returns how the example submissions of a problem ended, and its ``state``: running, passed or failed."""
        return await self._driver.run(self._calls.problem_part(problem_id, "check", timeout))

    async def rejudge_problem(self, problem_id: str, *, timeout: Optional[float] = None) -> Dict[str, Any]:
        """Judges all submissions of a problem again; returns the ``batch``, the ``jobs``, and what was ``left``."""
        return await self._driver.run(self._calls.problem_action(problem_id, "rejudge", timeout))

    async def compare_submissions(
        self, problem_id: str, least: int = 50, *, code: bool = False, timeout: Optional[float] = None
    ) -> Dict[str, Any]:
        """Compares the submissions of a problem, and returns ``compared`` and ``pairs`` when that is done.

        least: similarity of a pair that is returned, in percent
        code: pairs have the lines that are alike, and who sent them
        """
        return await self._driver.run(self._calls.compare_submissions(problem_id, least, code, timeout))

    async def similarity(
        self, problem_id: str, least: int = 50, *, code: bool = False, timeout: Optional[float] = None
    ) -> Dict[str, Any]:
        """Returns the last comparison of the submissions of a problem: ``state``, ``progress``, ``compared``, ``pairs``.

        Arguments are those of ``compare_submissions``.
        """
        part = f"similarity?least={least}&code={str(code).lower()}"
        return await self._driver.run(self._calls.problem_part(problem_id, part, timeout))

    async def similarity_report(
        self,
        problem_id: str,
        least: int = 50,
        *,
        comparison: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> str:
        """Returns a page, in HTML, with the lines of similar submissions side by side.

        comparison: the ``id`` of the comparison that it must be of; when absent, the last one
        """
        return await self._driver.run(self._calls.similarity_report(problem_id, least, comparison, timeout))

    async def delete_problem(self, problem_id: str, *, timeout: Optional[float] = None) -> None:
        """Deletes a problem; jobs that wait are still judged with it."""
        return await self._driver.run(self._calls.delete_problem(problem_id, timeout))

    # Webhooks

    async def webhook_secret(self, *, timeout: Optional[float] = None) -> TenantSecrets:
        """Returns the secret that signs your webhooks, for ``verify_webhook``."""
        return await self._driver.run(self._calls.webhook_secret(timeout))

    async def rotate_webhook_secret(self, *, timeout: Optional[float] = None) -> TenantSecrets:
        """Makes a new secret, which signs at once; the old one signs beside it for 24 hours."""
        return await self._driver.run(self._calls.rotate_webhook_secret(timeout))

    def webhook_deliveries(self, state: Optional[DeliveryState] = None) -> AsyncGenerator[Delivery, None]:
        """Yields what was delivered to you, newest first, with every attempt."""
        return self._driver.iterate(self._calls.webhook_deliveries({"state": state}))

    async def webhook_delivery(self, delivery_id: str, *, timeout: Optional[float] = None) -> WholeDelivery:
        """Returns a delivery with the body that is sent."""
        return await self._driver.run(self._calls.webhook_delivery(delivery_id, timeout))

    async def redeliver_webhook(self, delivery_id: str, *, timeout: Optional[float] = None) -> Delivery:
        """Sends a delivery again, now, whatever its state."""
        return await self._driver.run(self._calls.redeliver_webhook(delivery_id, timeout))

    async def cancel_webhook_delivery(self, delivery_id: str, *, timeout: Optional[float] = None) -> Delivery:
        """Ends a pending delivery: no more attempts. One that has ended stays as it is."""
        return await self._driver.run(self._calls.cancel_webhook_delivery(delivery_id, timeout))

    async def test_webhook(self, url: str, *, timeout: Optional[float] = None) -> Delivery:
        """Sends a test event to a URL, and returns its delivery."""
        return await self._driver.run(self._calls.test_webhook(url, timeout))
