"""What Open WebUI sends to a Jupyter server with CODE_EXECUTION_ENGINE=jupyter and a token, in its order and with its libraries.

It posts no body for a kernel, shows the token in the query, speaks the default framing, reads until the kernel is idle, and deletes
the kernel. argv: the address and the token.
"""

import asyncio
import json
import sys
import uuid

import aiohttp
from calls import works
import websockets

base, token = sys.argv[1] + "/", sys.argv[2]


async def run(code: str) -> dict[str, str]:
    told = {"stdout": "", "stderr": "", "result": ""}
    async with aiohttp.ClientSession(trust_env=True, base_url=base) as session:
        params = {"token": token}
        async with session.post("api/kernels", params=params) as response:
            response.raise_for_status()
            kernel = (await response.json())["id"]
        try:
            address = f"{base.replace('http', 'ws', 1)}api/kernels/{kernel}/channels?token={token}"
            async with websockets.connect(address, additional_headers={}) as socket:
                await ask(socket, code, told)
        finally:
            async with session.delete(f"api/kernels/{kernel}", params=params) as response:
                response.raise_for_status()
    return told


async def ask(socket, code: str, told: dict[str, str]) -> None:
    asked = uuid.uuid4().hex
    header = {"msg_id": asked, "msg_type": "execute_request", "username": "user", "session": uuid.uuid4().hex, "date": "", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
    await socket.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}))
    while True:
        message = json.loads(await asyncio.wait_for(socket.recv(), 60))
        if message.get("parent_header", {}).get("msg_id") != asked:
            continue
        kind, content = message.get("msg_type"), message["content"]
        if kind == "stream":
            told[content["name"]] += content["text"]
        elif kind in ("execute_result", "display_data"):
            data = content["data"]
            told["result"] += f"data:image/png;base64,{data['image/png']}" if "image/png" in data else data["text/plain"]
        elif kind == "error":
            told["stderr"] += "\n".join(content["traceback"])
        elif kind == "status" and content["execution_state"] == "idle":
            return


async def main() -> None:
    told = await run("import sys\nprint('so'); print('err', file=sys.stderr)\n6 * 7")
    assert told == {"stdout": "so\n", "stderr": "err\n", "result": "42"}, told
    picture = "import base64; from IPython.display import Image, display; display(Image(base64.b64decode('iVBORw0KGgo='), format='png'))"
    assert (await run(picture))["result"].startswith("data:image/png;base64,iVBORw0KGgo="), "a picture"
    assert "ZeroDivisionError" in (await run("1 / 0"))["stderr"]
    async with aiohttp.ClientSession(base_url=base) as session:
        async with session.post("api/kernels", params={"token": "ry_0"}) as response:
            assert response.status == 403, response.status
        async with session.get("api/kernels", params={"token": token}) as response:
            assert await response.json() == []


asyncio.run(main())
works("aiohttp", "Open WebUI: start and delete a kernel", "Open WebUI: text, errors, results", "Open WebUI: images", "Open WebUI: a wrong token")
works("websockets", "Open WebUI: execute over the socket, with the token in the query")
