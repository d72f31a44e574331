"""A program as type checkers see it: what holds, and (where a comment says so) what they have to refuse. It is not run."""

from http.client import HTTPMessage
from typing import AsyncGenerator, Generator, List, Optional, Union

from runyard import AsyncClient, Client, RunyardError, RunyardTimeoutError, verify_webhook
from runyard.types import CodeRequest, Job, JobEvent, JobSummary, Status, WebhookBody, WebhookTestBody


def holds(client: Client) -> Optional[Status]:
    job: Job = client.run(language="python", code="1", limits={"wallMs": 5}, timeout=3, idempotency_key="a")
    text: str = job["stages"][0]["stdout"]
    events: Generator[JobEvent, None, None] = client.stream(job["id"])
    for event in events:
        if event["type"] == "stdout":
            text += event["data"]["data"]
        elif event["type"] == "state":
            print(event["data"]["attempt"] + 1)
        elif event["type"] == "result":
            summary: JobSummary = event["data"]
            print(summary["stages"][0]["exitCode"])
    requests: List[CodeRequest] = [{"language": "c", "code": ""}, {"language": "c", "files": [{"path": "a", "content": ""}]}]
    ids: List[str] = client.batch(requests)["jobs"]
    client.batch({"language": "c", "code": one} for one in ids)
    stored = client.files.put(b"1", "a", ttl_seconds=5)
    files: List[int] = [one["bytes"] for one in client.files.list()]
    client.run(language="c", files=[{"path": "main.c", "content": ""}, {"path": "a", "id": stored["id"]}])
    client.files.remove(stored["id"])
    print(files, client.files.read(stored["id"], 1))
    with client.interactive(language="c", terminal={"columns": 80, "rows": 24}) as talk:
        talk.write(b"x")
        talk.signal("SIGINT")
    with client.sessions.open("s").commands.terminal("c") as terminal:
        terminal.write(b"x")
        for piece in terminal:
            screen: bytes = piece["data"] if piece["type"] == "data" else b""
            print(screen)
        code: Optional[int] = terminal.result()["exitCode"]
        print(code)
    for one in client.list(state="queued"):
        print(one["metadata"]["x"])
    print(verify_webhook(HTTPMessage(), b"", ["whsec_"]))
    event_of_hook: Union[WebhookBody, WebhookTestBody] = verify_webhook({}, b"", "whsec_")
    if event_of_hook["type"] == "webhook.test":
        print(event_of_hook["data"]["message"])
    return job["status"]


async def holds_too(client: AsyncClient) -> None:
    async with client:
        job: Job = await client.run(language="python", code="1")
        events: AsyncGenerator[JobEvent, None] = client.stream(job["id"])
        async for event in events:
            print(event["id"])
        async with await client.interactive(language="c") as talk:
            await talk.write("x")
            status: Optional[Status] = (await talk.result())["status"]
            print(status)


def is_refused(client: Client) -> None:
    client.run(code="1")  # type: ignore[call-arg]
    client.run(lanuage="c", language="c")  # type: ignore[call-arg]
    client.run(language="c", limits={"time": 1})  # type: ignore[arg-type]
    client.run(language="c", priority="urgent")  # type: ignore[arg-type]
    client.list(state="done")  # type: ignore[arg-type]
    client.run(language="c")["state"] == "done"  # type: ignore[comparison-overlap]
    try:
        client.get("x")
    except RunyardTimeoutError as error:
        kind: RunyardError = error
        kind.retry_after.bit_length()  # type: ignore[union-attr]
