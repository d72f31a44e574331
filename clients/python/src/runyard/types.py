"""The JSON of the API as types: dictionaries at run time, with the names that the API documents.

A newer service may send members that are not listed here; they are in the dictionaries all the same. Optional members of an
answer are absent where they do not apply; test for them with ``in`` or ``get``.
"""

from __future__ import annotations

from typing import Any, Dict, List, Literal, Mapping, Optional, Sequence, TypedDict, Union

State = Literal["queued", "running", "finished", "cancelled"]
Status = Literal[
    "succeeded",
    "failed",
    "signalled",
    "compile-failed",
    "wall-time-limit",
    "cpu-time-limit",
    "memory-limit",
    "output-limit",
    "wrong-answer",
    "judge-error",
    "environment-failed",
    "cancelled",
    "internal-error",
]
Verdict = Literal[
    "accepted",
    "wrong-answer",
    "presentation-error",
    "time-limit",
    "memory-limit",
    "output-limit",
    "runtime-error",
    "compile-error",
    "judge-error",
]
Encoding = Literal["utf-8", "base64"]
Priority = Literal["low", "normal", "high"]
LimitName = Literal[
    "wallMs",
    "cpuMs",
    "compileWallMs",
    "memoryBytes",
    "processes",
    "outputBytes",
    "fileBytes",
    "openFiles",
    "stackBytes",
]
WebhookEvent = Literal["job.started", "job.finished"]
AttemptError = Literal[
    "address-not-allowed",
    "port-not-allowed",
    "name-not-found",
    "unreachable",
    "connection-refused",
    "connection-closed",
    "tls-failed",
    "invalid-answer",
    "timeout",
    "endpoint-disabled",
    "failed",
]
DeliveryState = Literal["pending", "succeeded", "failed", "cancelled"]
Signal = Literal["SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGTERM"]


# Requests. None in the place of an optional member is as absent.


class LimitOverrides(TypedDict, total=False):
    """Limits that a job asks for: times in milliseconds, sizes in bytes."""

    wallMs: Optional[int]
    cpuMs: Optional[int]
    compileWallMs: Optional[int]
    memoryBytes: Optional[int]
    processes: Optional[int]
    outputBytes: Optional[int]
    fileBytes: Optional[int]
    openFiles: Optional[int]
    stackBytes: Optional[int]


class _RequestFile(TypedDict):
    path: str


class RequestFile(_RequestFile, total=False):
    """A file of a job or session: its path relative to the folder, and its content as text or base64, or the id of a stored file."""

    content: Optional[str]
    id: Optional[str]
    encoding: Optional[Encoding]
    mode: Optional[str]


# The name that it had for sessions, before their files could be stored ones.
InlineFile = RequestFile


class TestLimits(TypedDict, total=False):
    """Limits of one test instead of those of its job."""

    wallMs: Optional[int]
    cpuMs: Optional[int]
    processes: Optional[int]
    outputBytes: Optional[int]
    openFiles: Optional[int]
    stackBytes: Optional[int]


class RequestTest(TypedDict, total=False):
    """One test of a job: input, and the output that is expected."""

    name: Optional[str]
    stdin: Optional[str]
    stdinEncoding: Optional[Encoding]
    args: Optional[Sequence[str]]
    expectedOutput: Optional[str]
    answer: Optional[str]
    limits: Optional[TestLimits]
    points: Optional[float]
    group: Optional[str]
    secret: Optional[bool]


class _RequestGroup(TypedDict):
    name: str


class RequestGroup(_RequestGroup, total=False):
    """Tests that are scored together."""

    points: Optional[float]
    scoring: Optional[Literal["sum", "min", "max", "average"]]
    within: Optional[str]
    counts: Optional[Literal["all", "any", "always"]]
    rejectedPoints: Optional[float]
    requires: Optional[Sequence[str]]
    stopOnFailure: Optional[bool]


class _JudgeProgram(TypedDict, total=False):
    protocol: Optional[Literal["kattis", "testlib"]]
    code: Optional[str]
    files: Optional[Sequence[RequestFile]]
    entrypoint: Optional[str]
    args: Optional[Sequence[str]]
    compilerArgs: Optional[Sequence[str]]
    limits: Optional[LimitOverrides]


class _Checker(TypedDict):
    type: Literal["exact", "lines", "tokens", "numbers", "unordered-lines", "program"]


class Checker(_Checker, _JudgeProgram, total=False):
    """How the output of a test is compared with its answer."""

    ignoreCase: Optional[bool]
    absolute: Optional[float]
    relative: Optional[float]
    language: Optional[str]


class _Interactor(TypedDict):
    language: str


class Interactor(_Interactor, _JudgeProgram):
    """A program that talks to the program that is tested, and judges it."""


class LanguageLimits(TypedDict, total=False):
    """What programs in one language may take."""

    timeFactor: Optional[float]
    memoryFactor: Optional[float]
    limits: Optional[LimitOverrides]


class _Harness(TypedDict):
    language: str
    files: Sequence[RequestFile]


class Harness(_Harness, total=False):
    """Files that a program in one language is compiled or run with."""

    entrypoint: Optional[str]
    submission: Optional[str]


class _Webhook(TypedDict):
    url: str


class Webhook(_Webhook, total=False):
    """The URL that receives a job's events; ``["job.finished"]`` when ``events`` is absent."""

    events: Optional[Sequence[WebhookEvent]]


class TerminalSize(TypedDict):
    """Of a pseudo terminal, in characters."""

    columns: int
    rows: int


class _CommonRequest(TypedDict, total=False):
    files: Optional[Sequence[RequestFile]]
    stdin: Optional[str]
    stdinEncoding: Optional[Encoding]
    env: Optional[Mapping[str, str]]
    limits: Optional[LimitOverrides]
    priority: Optional[Priority]
    delayMs: Optional[int]
    webhook: Optional[Webhook]
    artifacts: Optional[Sequence[str]]
    keepRequest: Optional[bool]
    endUser: Optional[str]
    metadata: Optional[Mapping[str, Any]]


class _CodeRequest(TypedDict):
    language: str


class CodeRequest(_CodeRequest, _CommonRequest, total=False):
    """The fields of ``POST /v1/jobs``."""

    version: Optional[str]
    code: Optional[str]
    entrypoint: Optional[str]
    args: Optional[Sequence[str]]
    compilerArgs: Optional[Sequence[str]]
    dependencies: Optional[Sequence[str]]
    environment: Optional[str]
    expectedOutput: Optional[str]
    tests: Optional[Sequence[RequestTest]]
    problem: Optional[str]
    checker: Optional[Checker]
    interactor: Optional[Interactor]
    groups: Optional[Sequence[RequestGroup]]
    stopOnFailure: Optional[bool]
    secret: Optional[bool]
    languages: Optional[Sequence[str]]
    languageLimits: Optional[Mapping[str, LanguageLimits]]
    harness: Optional[Sequence[Harness]]
    passes: Optional[int]
    outputOnly: Optional[bool]
    interactive: Optional[bool]
    terminal: Optional[TerminalSize]


class ContainerRequest(_CommonRequest):
    """The fields of ``POST /api/containers/create``, as a job of such a request keeps them."""

    image: str
    command: Sequence[str]


# Answers.


class Limits(TypedDict):
    """All limits of a job: times in milliseconds, sizes in bytes."""

    wallMs: int
    cpuMs: int
    compileWallMs: int
    memoryBytes: int
    processes: int
    outputBytes: int
    fileBytes: int
    openFiles: int
    stackBytes: int


class Finding(TypedDict):
    """A place in a submission that a screening rule is about. ``line`` and ``column`` count from 1."""

    rule: str
    severity: Literal["block", "warn"]
    reason: str
    pointer: str
    line: int
    column: int
    excerpt: str


class FieldError(TypedDict):
    """What is wrong with one field, named by a JSON pointer such as ``/limits/wallMs``."""

    pointer: str
    detail: str


class StageTest(TypedDict):
    """Which of a job's tests a stage is; ``index`` counts from 0."""

    index: int
    name: Optional[str]


class CheckTimes(TypedDict):
    """What a checker or an interactor took."""

    wallMs: float
    cpuMs: float
    memoryPeakBytes: int


class _TestJudging(TypedDict):
    verdict: Verdict
    score: float
    points: float


class TestJudging(_TestJudging, total=False):
    """What is said of a test: ``feedback`` to the author of the program, ``judgeMessage`` to judges."""

    feedback: str
    judgeMessage: str
    check: CheckTimes
    runs: int
    passes: int
    load: float
    instructions: Optional[int]


class GroupJudging(TypedDict):
    """What is said of a group; ``verdict`` is None if none of its tests ran."""

    name: str
    verdict: Optional[Verdict]
    score: float
    points: float


class ProblemVersion(TypedDict):
    """A stored problem as it was at one time."""

    id: str
    version: int


class _JobJudging(TypedDict):
    verdict: Verdict
    score: float
    points: float
    groups: List[GroupJudging]
    skipped: List[int]


class JobJudging(_JobJudging, total=False):
    """What is said of a job with tests; ``skipped`` are the places in ``tests`` of those that did not run."""

    problem: ProblemVersion


class _StageSummaryOptional(TypedDict, total=False):
    test: StageTest
    judging: TestJudging


class StageSummary(_StageSummaryOptional):
    """What one process tree did, without its output: ``compile``, ``run`` or ``test N``."""

    name: str
    status: Status
    exitCode: Optional[int]
    signal: Optional[str]
    wallMs: float
    cpuMs: float
    memoryPeakBytes: int
    stdoutBytes: int
    stderrBytes: int
    truncated: bool
    limitsMet: List[LimitName]


class _StageOptional(TypedDict, total=False):
    stdoutBase64: str
    stderrBase64: str
    outputBase64: str


class Stage(StageSummary, _StageOptional):
    """A stage with its output. The members ``...Base64`` are there where the text is not all that was written."""

    stdout: str
    stderr: str
    output: str
    encoding: Literal["utf-8"]


class _StoredFileOptional(TypedDict, total=False):
    jobId: str


class StoredFile(_StoredFileOptional):
    """A file of yours in the service's store. ``jobId`` is that of the job that made it; an uploaded file has none."""

    id: str
    name: str
    bytes: int
    sha256: str
    contentType: str
    createdAt: str
    expiresAt: str


class _ArtifactOptional(TypedDict, total=False):
    fileId: str


class Artifact(_ArtifactOptional):
    """A file that a job made; its path is relative to the job's folder. A large one has the id of the stored file that it is."""

    path: str
    bytes: int
    url: str


class _JobEnvironmentOptional(TypedDict, total=False):
    lock: Optional[str]


class JobEnvironment(_JobEnvironmentOptional):
    """The packages of a job. ``lock`` comes where one job is answered, None until the job runs; not in events, webhooks and lists; ``environment(id)`` gives it too."""

    id: str


class _JobOptional(TypedDict, total=False):
    environment: JobEnvironment
    endUser: str
    requestKept: bool
    artifacts: List[Artifact]
    artifactsTruncated: bool
    judging: JobJudging


class _JobBase(_JobOptional):
    id: str
    kind: Literal["code", "container"]
    state: State
    status: Optional[Status]
    message: Optional[str]
    language: Optional[str]
    version: Optional[str]
    image: Optional[str]
    interactive: bool
    limits: Limits
    metadata: Dict[str, Any]
    warnings: List[Finding]
    createdAt: str
    startedAt: Optional[str]
    finishedAt: Optional[str]
    attempt: int


class Job(_JobBase):
    """A job with the output of its stages. ``status`` is None until it has ended; times are RFC 3339, UTC."""

    stages: List[Stage]


class JobSummary(_JobBase):
    """A job without output."""

    stages: List[StageSummary]


class _StoredProblem(TypedDict, total=False):
    languages: List[str]
    notes: List[str]


class StoredProblem(_StoredProblem):
    """What is known of a problem without its tests; ``points`` is the most that a program can get."""

    id: str
    name: str
    tests: int
    groups: List[str]
    points: float
    bytes: int
    version: int
    format: Literal["folder", "kattis", "polygon"]
    submissions: int
    createdAt: str
    updatedAt: str


class LockedPackage(TypedDict):
    """A package of an environment."""

    name: str
    version: str


class PackageSet(TypedDict):
    """Packages that are usual together, e.g. ``python/data``; who names one that is ``installed`` does not wait for it."""

    name: str
    packages: List[str]
    installed: bool


class PackagesError(TypedDict):
    """Why packages cannot be had."""

    code: Literal[
        "package-not-allowed",
        "package-too-new",
        "package-needs-build",
        "package-unknown",
        "environment-too-large",
        "environment-failed",
        "environments-full",
    ]
    detail: str


class Environment(TypedDict):
    """Packages that are installed together; ``lock`` has their versions and hashes, ``bytes`` is their size on the disk."""

    id: str
    language: str
    version: str
    dependencies: List[str]
    state: Literal["queued", "building", "ready", "failed"]
    progress: Optional[str]
    error: Optional[PackagesError]
    lock: Optional[str]
    packages: List[LockedPackage]
    bytes: Optional[int]
    files: Optional[int]
    createdAt: str
    finishedAt: Optional[str]
    evictedAt: Optional[str]
    ban: Optional[str]


class EnvironmentEvent(TypedDict):
    """An event of an installation: ``building``, at last ``ready`` or ``failed``; ``data`` has state, progress and error then."""

    id: str
    type: str
    data: Dict[str, Any]


class BrowserToken(TypedDict):
    """What a page of one origin runs code with; ``token`` is shown only once."""

    id: str
    token: str
    origin: str
    scopes: List[str]
    createdAt: str
    expiresAt: str


class AcceptedBatch(TypedDict):
    """The ids of a batch and of its jobs, in their order."""

    id: str
    jobs: List[str]


class BatchCounts(TypedDict):
    """How many jobs of a batch are in each state."""

    queued: int
    running: int
    finished: int
    cancelled: int


class Batch(TypedDict):
    """The progress of a batch; its jobs are in their order and without output."""

    id: str
    createdAt: str
    counts: BatchCounts
    jobs: List[JobSummary]


class _Runtime(TypedDict):
    language: str
    name: str
    version: Optional[str]
    aliases: List[str]
    fileName: str
    compiled: bool
    installed: bool
    limits: Limits
    ceilings: Limits
    packages: List[str]
    installsPackages: bool
    packageSets: List[PackageSet]
    kernel: bool
    hello: str


class Runtime(_Runtime, total=False):
    """A language. ``limits`` apply to a job that asks for none, ``ceilings`` are the most it may ask for.

    ``versionOf`` is the language of which it is another version, ``otherExtensions`` what its programs are called
    beside the extension of ``fileName``.
    """

    versionOf: str
    otherExtensions: List[str]


# Events of a job. Compare ``event["type"]`` and a type checker knows what ``event["data"]`` is.


class StateData(TypedDict):
    state: State
    attempt: int


class StateEvent(TypedDict):
    """The job changed its state; ``attempt`` counts its starts."""

    id: str
    type: Literal["state"]
    data: StateData


class _StageStartedOptional(TypedDict, total=False):
    test: StageTest


class StageStarted(_StageStartedOptional):
    stage: str
    phase: Literal["started"]


class StageEnded(TypedDict):
    stage: str
    phase: Literal["ended"]
    report: StageSummary


class StageEvent(TypedDict):
    """A stage started or ended."""

    id: str
    type: Literal["stage"]
    data: Union[StageStarted, StageEnded]


class _OutputOptional(TypedDict, total=False):
    dataBase64: str


class OutputData(_OutputOptional):
    stage: str
    data: str
    encoding: Literal["utf-8"]


class OutputEvent(TypedDict):
    """A piece of output. ``dataBase64`` is there where the text is not all of it."""

    id: str
    type: Literal["stdout", "stderr"]
    data: OutputData


class WarningEvent(TypedDict):
    """Screening found something and did not refuse it."""

    id: str
    type: Literal["warning"]
    data: Finding


class PackagesData(TypedDict):
    environment: str
    state: Literal["queued", "building", "ready", "failed"]
    progress: Optional[str]
    error: Optional[PackagesError]


class PackagesEvent(TypedDict):
    """How far the installation of the packages is for which the job waits."""

    id: str
    type: Literal["packages"]
    data: PackagesData


class GapData(TypedDict):
    before: str


class GapEvent(TypedDict):
    """Events before the one named are no longer kept. The whole output is in the job."""

    id: str
    type: Literal["gap"]
    data: GapData


class ResultEvent(TypedDict):
    """The job has ended. The last event."""

    id: str
    type: Literal["result"]
    data: JobSummary


JobEvent = Union[
    StateEvent, StageEvent, OutputEvent, WarningEvent, PackagesEvent, GapEvent, ResultEvent
]


# Sessions.

SessionState = Literal["starting", "running", "ended"]
SessionEnd = Literal[
    "deleted",
    "idle",
    "lifetime",
    "cpu-time-limit",
    "agent-lost",
    "start-failed",
    "no-room",
    "session-lost",
]
ExecutionStatus = Literal[
    "succeeded",
    "failed",
    "interrupted",
    "wall-time-limit",
    "cpu-time-limit",
    "context-lost",
    "cancelled",
    "session-lost",
]
CommandStatus = Literal[
    "succeeded",
    "failed",
    "signalled",
    "start-failed",
    "wall-time-limit",
    "output-limit",
    "cancelled",
    "session-lost",
]


class SessionLimitOverrides(TypedDict, total=False):
    """Limits that a session asks for, in bytes or a number."""

    memoryBytes: Optional[int]
    processes: Optional[int]
    outputBytes: Optional[int]
    fileBytes: Optional[int]
    openFiles: Optional[int]
    stackBytes: Optional[int]
    cpuMs: Optional[int]


class SessionLimits(TypedDict):
    """Limits of a session: for all of its processes together, ``outputBytes`` for each execution and command."""

    memoryBytes: int
    processes: int
    outputBytes: int
    fileBytes: int
    openFiles: int
    stackBytes: int
    cpuMs: int


class _SessionWebhookUrl(TypedDict):
    url: str


class SessionWebhook(_SessionWebhookUrl, total=False):
    """Where you are told of a session: of its end unless ``events`` says otherwise."""

    events: Optional[Sequence[Literal["session.started", "session.ended"]]]


# A member named by a word of the language.
_SessionFrom = TypedDict("_SessionFrom", {"from": Optional[str]}, total=False)


class SessionRequest(_SessionFrom, total=False):
    """The fields of ``POST /v1/sessions``. from: id of a snapshot"""

    language: Optional[str]
    version: Optional[str]
    environment: Optional[str]
    dependencies: Optional[Sequence[str]]
    kernel: Optional[bool]
    files: Optional[Sequence[RequestFile]]
    limits: Optional[SessionLimitOverrides]
    idleTimeoutMs: Optional[int]
    maxLifetimeMs: Optional[int]
    env: Optional[Mapping[str, str]]
    webhook: Optional[SessionWebhook]
    metadata: Optional[Mapping[str, Any]]
    endUser: Optional[str]


class _SessionOptional(TypedDict, total=False):
    endUser: str


class Session(_SessionOptional):
    """A session, as its owner sees it."""

    id: str
    state: SessionState
    reason: Optional[SessionEnd]
    message: Optional[str]
    language: str
    version: str
    kernel: bool
    limits: SessionLimits
    idleTimeoutMs: int
    maxLifetimeMs: int
    metadata: Dict[str, Any]
    warnings: List[Finding]
    createdAt: str
    startedAt: Optional[str]
    lastActiveAt: Optional[str]
    endsAt: Optional[str]
    endedAt: Optional[str]


class _ResultOptional(TypedDict, total=False):
    displayId: str


class Result(_ResultOptional):
    """Something to show, in several forms by media type; images as base64."""

    data: Dict[str, Any]
    metadata: Dict[str, Any]
    isMainResult: bool


class ExecutionError(TypedDict):
    """The error that ended an execution, e.g. ``ZeroDivisionError``."""

    name: str
    value: str
    traceback: List[str]


class Execution(TypedDict):
    """One piece of code run in a context."""

    id: str
    context: str
    state: Literal["queued", "running", "finished"]
    status: Optional[ExecutionStatus]
    message: Optional[str]
    executionCount: Optional[int]
    results: List[Result]
    stdout: str
    stderr: str
    error: Optional[ExecutionError]
    truncated: bool
    warnings: List[Finding]
    createdAt: str
    startedAt: Optional[str]
    finishedAt: Optional[str]


class ExecutionSummary(TypedDict):
    """An execution in a list: without its output and results."""

    id: str
    context: str
    state: Literal["queued", "running", "finished"]
    status: Optional[ExecutionStatus]
    message: Optional[str]
    executionCount: Optional[int]
    error: Optional[ExecutionError]
    truncated: bool
    warnings: List[Finding]
    createdAt: str
    startedAt: Optional[str]
    finishedAt: Optional[str]


class Context(TypedDict):
    """An interpreter with state, inside a session."""

    id: str
    state: Literal["starting", "idle", "busy", "dead"]
    language: str
    executionCount: Optional[int]
    queued: int
    message: Optional[str]
    restarts: int
    createdAt: str


class Command(TypedDict):
    """A process of a session."""

    id: str
    argv: List[str]
    background: bool
    terminal: bool
    state: Literal["running", "finished"]
    status: Optional[CommandStatus]
    message: Optional[str]
    pid: Optional[int]
    exitCode: Optional[int]
    signal: Optional[str]
    stdout: str
    stderr: str
    truncated: bool
    cpuMs: Optional[float]
    memoryPeakBytes: Optional[int]
    warnings: List[Finding]
    startedAt: str
    finishedAt: Optional[str]


class CommandSummary(TypedDict):
    """A command in a list: without its output."""

    id: str
    argv: List[str]
    background: bool
    terminal: bool
    state: Literal["running", "finished"]
    status: Optional[CommandStatus]
    message: Optional[str]
    pid: Optional[int]
    exitCode: Optional[int]
    signal: Optional[str]
    truncated: bool
    cpuMs: Optional[float]
    memoryPeakBytes: Optional[int]
    warnings: List[Finding]
    startedAt: str
    finishedAt: Optional[str]


class CommandState(TypedDict):
    """A process of a session, without its output."""

    id: str
    argv: List[str]
    background: bool
    terminal: bool
    state: Literal["running", "finished"]
    status: Optional[CommandStatus]
    message: Optional[str]
    pid: Optional[int]
    exitCode: Optional[int]
    signal: Optional[str]
    truncated: bool
    cpuMs: Optional[float]
    memoryPeakBytes: Optional[int]
    startedAt: str
    finishedAt: Optional[str]


class TerminalData(TypedDict):
    """What the program wrote. A character may be cut between two of these."""

    type: Literal["data"]
    data: bytes


class TerminalReset(TypedDict):
    """A new connection: what is still kept comes again. Clear the screen."""

    type: Literal["reset"]


class TerminalGap(TypedDict):
    """Output is missing here, because it was read too slowly."""

    type: Literal["gap"]


class TerminalRefusal(TypedDict):
    """Something that was sent was not taken, such as a signal. The terminal goes on."""

    type: Literal["error"]
    code: str
    detail: str


class TerminalCommand(TypedDict):
    """The command has changed."""

    type: Literal["command"]
    data: CommandState


TerminalEvent = Union[TerminalData, TerminalReset, TerminalGap, TerminalRefusal, TerminalCommand]


class FileEntry(TypedDict):
    """An entry of a folder of a session. mode: permissions in octal"""

    name: str
    kind: Literal["file", "folder", "link", "other"]
    bytes: int
    mode: str
    modifiedAt: str


# A member named by a word of the language.
_FileChangeOptional = TypedDict("_FileChangeOptional", {"from": str}, total=False)


class FileChange(_FileChangeOptional):
    """Something that became of a file or folder that is watched. from: the path it had, of one that moved"""

    change: Literal["created", "changed", "removed", "moved"]
    path: str
    kind: Literal["file", "folder", "link", "other"]
    bytes: int


class Watch(TypedDict):
    """A folder whose changes are told. state: "overflowed" while it holds too much to be watched"""

    id: str
    path: str
    recursive: bool
    state: Literal["watching", "overflowed", "ended"]
    createdAt: str


class Completion(TypedDict):
    """What could stand in the place of the code from ``start`` to ``end``, in characters."""

    matches: List[str]
    start: int
    end: int
    metadata: Dict[str, Any]


class Inspection(TypedDict):
    """What is known of a name, in several forms by media type."""

    found: bool
    data: Dict[str, Any]


class SentComm(TypedDict):
    """A message that was passed to a kernel: the events that it causes have its id as ``parent``."""

    id: str


class SessionEvent(TypedDict):
    """An event of a session; docs/sessions.md lists the types and what their data is."""

    id: str
    type: str
    data: Dict[str, Any]


# Webhooks.


class PreviousSecret(TypedDict):
    secret: str
    validUntil: str


class TenantSecrets(TypedDict):
    """The secret that signs your webhooks, and older ones that still sign beside it, newest first."""

    secret: str
    previous: List[PreviousSecret]


class _AttemptOptional(TypedDict, total=False):
    hint: str


class Attempt(_AttemptOptional):
    """One attempt of a delivery: the status of its answer, or the error."""

    at: str
    status: Optional[int]
    error: Optional[AttemptError]
    durationMs: int
    answer: str


class _DeliveryOptional(TypedDict, total=False):
    sessionId: str


class Delivery(_DeliveryOptional):
    """A webhook that is, or was, delivered. ``jobId`` is None of a test event and of a session, which has ``sessionId``."""

    id: str
    event: Literal["job.started", "job.finished", "session.started", "session.ended", "webhook.test"]
    jobId: Optional[str]
    url: str
    state: DeliveryState
    createdAt: str
    nextAttemptAt: Optional[str]
    attempts: List[Attempt]


class WebhookJob(JobSummary):
    """A job in a webhook; ``url`` is the path of the whole job."""

    url: str


class WebhookBody(TypedDict):
    """A webhook about a job."""

    type: WebhookEvent
    timestamp: str
    data: WebhookJob


class WebhookSession(Session):
    """A session in a webhook; ``url`` is its path."""

    url: str


class SessionWebhookBody(TypedDict):
    """A webhook about a session."""

    type: Literal["session.started", "session.ended"]
    timestamp: str
    data: WebhookSession


class WebhookTestData(TypedDict):
    id: str
    message: str


class WebhookTestBody(TypedDict):
    """A test event."""

    type: Literal["webhook.test"]
    timestamp: str
    data: WebhookTestData


class WholeDelivery(Delivery):
    """A delivery with the body that is sent."""

    payload: Union[WebhookBody, SessionWebhookBody, WebhookTestBody]
