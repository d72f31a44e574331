"""What programs do with the official client from PyPI, in both revisions, against the service named in argv."""

import asyncio
import os
import sys

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

base, key, node, cli = sys.argv[1:]


def text(result) -> str:
    return "\n".join(getattr(one, "text", "") for one in result.content)


async def go_round(client: Client) -> None:
    tools = (await client.list_tools()).tools
    assert any(tool.name == "run_code" for tool in tools), tools

    steps: list[str] = []

    async def progress(_progress: float, _total: float | None, message: str | None) -> None:
        steps.append(message or "")

    code = "import time\nfor i in range(3):\n    print('step', i, flush=True)\n    time.sleep(0.4)"
    ran = await client.call_tool("run_code", {"language": "python", "code": code}, progress_callback=progress)
    assert ran.structured_content["status"] == "succeeded", text(ran)
    assert any(step.startswith("step") for step in steps), steps

    failed = await client.call_tool("run_code", {"language": "python", "code": "raise SystemExit(3)"})
    assert failed.is_error and text(failed).startswith("exit 3"), failed

    session = (await client.call_tool("create_session", {"language": "python"})).structured_content["session_id"]
    await client.call_tool("run_in_session", {"session_id": session, "code": "x = 40"})
    value = await client.call_tool("run_in_session", {"session_id": session, "code": "x + 2"})
    assert "result:\n42" in text(value), text(value)
    await client.call_tool("write_file", {"session_id": session, "path": "a.txt", "content": "hello"})
    read = await client.call_tool("read_file", {"session_id": session, "path": "a.txt"})
    assert text(read) == "hello", read
    closed = await client.call_tool("close_session", {"session_id": session})
    assert closed.structured_content["state"] == "ended", closed


async def main() -> None:
    for mode in ("auto", "legacy", "2026-07-28"):
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60) as http:
            async with Client(streamable_http_client(f"{base}/mcp", http_client=http), mode=mode) as client:
                await go_round(client)
        print(f"mcp from PyPI over HTTP, {mode}: works")
        process = StdioServerParameters(
            command=node, args=[cli, "mcp", "--url", base], env={**os.environ, "RUNYARD_KEY": key}
        )
        async with Client(process, mode=mode) as client:
            await go_round(client)
        print(f"mcp from PyPI over standard input and output, {mode}: works")


asyncio.run(main())
