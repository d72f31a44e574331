"""What the tests share."""

import asyncio
import inspect
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from runyard import AsyncClient, AsyncInteractiveJob, AsyncSession, AsyncTerminal
from runyard._async_files import AsyncFiles
from runyard._async_sessions import AsyncSessionCommands, AsyncSessionContexts, AsyncSessions

# What is worked with by calls of its own.
_TALKED = (AsyncInteractiveJob, AsyncSession, AsyncTerminal)

# Of a service without keys; tests that need one are left out without it.
URL = os.environ.get("RUNYARD_URL", "")


class Blocking:
    """An asynchronous client or job whose methods can be called like those of the other, so that one test holds for both."""

    def __init__(self, wrapped, loop):
        self._wrapped = wrapped
        self._loop = loop

    def __getattr__(self, name):
        attribute = getattr(self._wrapped, name)
        if isinstance(attribute, (AsyncFiles, AsyncSessions, AsyncSessionCommands, AsyncSessionContexts)):
            return Blocking(attribute, self._loop)
        if not inspect.ismethod(attribute):
            return attribute

        def call(*args, **options):
            async def calling():
                value = attribute(*args, **options)
                return await value if inspect.isawaitable(value) else value

            value = self._loop.run_until_complete(calling())
            if inspect.isasyncgen(value):
                return self._iterate(value)
            return Blocking(value, self._loop) if isinstance(value, _TALKED) else value

        return call

    def __iter__(self):
        return self._iterate(self._wrapped.__aiter__())

    def __enter__(self):
        self._loop.run_until_complete(self._wrapped.__aenter__())
        return self

    def __exit__(self, *error):
        self._loop.run_until_complete(self._wrapped.__aexit__(*error))

    def _iterate(self, generator):
        async def following():
            try:
                return True, await generator.__anext__()
            except StopAsyncIteration:
                return False, None

        try:
            while True:
                is_there, item = self._loop.run_until_complete(following())
                if not is_there:
                    return
                yield item
        finally:
            self._loop.run_until_complete(generator.aclose())


def blocking_async_client(test, url, **options):
    """An AsyncClient with an event loop of its own, closed after the test."""
    loop = asyncio.new_event_loop()
    loop.set_debug(True)
    # Other programs have the processor too.
    loop.slow_callback_duration = 60
    test.addCleanup(loop.close)

    async def made():
        return AsyncClient(url, **options)

    client = Blocking(loop.run_until_complete(made()), loop)
    test.addCleanup(lambda: client.close())
    return client


class Relay:
    """Stands before the service, and does to some of its answers what networks do.

    fault: called with the handler, the number of the request from 1, and the request for the service
    """

    def __init__(self, fault):
        self.seen = []
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0))) or None
                kept = ("content-type", "idempotency-key", "prefer", "last-event-id", "accept")
                headers = {name: value for name, value in self.headers.items() if name.lower() in kept}
                relay.seen.append((self.command, self.path, {name.lower(): value for name, value in headers.items()}))
                self.close_connection = True
                fault(self, len(relay.seen), Request(URL + self.path, body, headers, method=self.command))

            do_GET = do_POST = do_DELETE = handle_any

            def log_message(self, *_args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_args):
        self._server.shutdown()
        self._server.server_close()


def pass_on(handler, request, most_bytes=None):
    """Gives the service's answer, or the beginning of it."""
    try:
        answer = urlopen(request, timeout=70)
    except HTTPError as refused:
        answer = refused
    with answer:
        handler.send_response(answer.status)
        handler.send_header("content-type", answer.headers["content-type"] or "")
        handler.end_headers()
        left = most_bytes if most_bytes is not None else 1 << 30
        while left > 0:
            piece = answer.read1(min(left, 65536))
            if not piece:
                return
            handler.wfile.write(piece)
            left -= len(piece)


def answer_with(handler, status, headers, body=b""):
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


class Wire:
    """A server that says what it is told to, byte for byte, on each connection in its turn.

    scripts: one for each connection, called with its socket; the last one serves all later connections too
    """

    def __init__(self, *scripts, tls=None):
        self.connections = 0
        self._tls = tls
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            threading.Thread(target=self._talk, args=(script, connection), daemon=True).start()

    def _talk(self, script, connection):
        connection.settimeout(20)
        with connection:
            try:
                if self._tls is not None:
                    connection = self._tls.wrap_socket(connection, server_side=True)
                with connection:
                    script(connection)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_args):
        # Wakes the thread that accepts; a mere close would not.
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()


def read_request(connection):
    """The head of the next request, in bytes, and its body; None when the client has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < int(lengths[0] if lengths else 0):
        body += connection.recv(65536)
    return head, body


def answering(*answers):
    """A script: these answers, one for each request, then the end."""

    def script(connection):
        for answer in answers:
            if read_request(connection) is None:
                return
            connection.sendall(answer)

    return script


def http_answer(status, body=b"", **headers):
    lines = [f"HTTP/1.1 {status} Words", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
