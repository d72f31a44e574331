"""Code that asks for input, of both clients, against a service that does what the test says."""

import asyncio
import json
import queue
import socket
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

from runyard import Client, RunyardError
from runyard._async_input import AsyncInputAnswers
from runyard._effects import Connect, Receive, Sleep
from runyard._input import InputAnswers
from runyard._route import route_to
from runyard._stoppable import Stopped, StoppableDriver
from runyard._sync import SocketConnection

from .support import answer_with, blocking_async_client

EXECUTION = {"id": "e", "context": "default", "state": "running", "status": None}
ENDED = {**EXECUTION, "state": "finished", "status": "interrupted"}


class Service:
    """Has an execution that asks once, and ends when the test says so or when it has an answer.

    refusal: status and code of the answer to what is typed
    """

    def __init__(self, test, refusal=None):
        self.asked = []
        self.ends = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
                if self.path.endswith("/input"):
                    service.asked.append(body["value"])
                    if refusal is not None:
                        status, code = refusal
                        problem = {"code": code, "detail": "it is refused", "title": code, "status": status}
                        self.answer(status, problem, "application/problem+json")
                        service.end_when_late(code)
                        return
                    service.ends.set()
                elif "/interrupt" in self.path:
                    service.asked.append(self.path)
                self.answer(202 if self.path.endswith("/executions") else 200, EXECUTION)

            def do_GET(self):
                if not self.path.endswith("/events"):
                    return self.answer(200, ENDED)
                self.close_connection = True
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.end_headers()
                try:
                    self.say(1, "input-request", {"execution": "e", "prompt": "who? ", "password": False})
                    service.ends.wait(60)
                    self.say(2, "execution", ENDED)
                except OSError:
                    pass

            def answer(self, status, value, content_type="application/json"):
                answer_with(self, status, {"content-type": content_type}, json.dumps(value).encode())

            def say(self, number, kind, data):
                self.wfile.write(f"id: {number}-0\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode())
                self.wfile.flush()

            def log_message(self, *_args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        test.addCleanup(self._close)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def end_when_late(self, code):
        if code in ("not-waiting", "not-found"):
            self.ends.set()

    def _close(self):
        self.ends.set()
        self._server.shutdown()
        self._server.server_close()


class Both:
    """Tests that hold for either client; `self.client(url)` makes one, `self.waiting(service)` an on_input that never answers."""

    def session(self, service):
        return self.client(service.url).sessions.open("s")

    def test_code_that_ends_while_it_asks_ends_the_call(self):
        service, started = Service(self), []
        ended = self.session(service).run_code("input()", on_start=started.append, on_input=self.waiting(service))
        self.assertEqual((ended["status"], [one["id"] for one in started]), ("interrupted", ["e"]))
        self.assertEqual(service.asked, [])

    def test_an_answer_that_comes_too_late_is_missed_by_nobody(self):
        for refusal in ((409, "not-waiting"), (404, "not-found")):
            with self.subTest(refusal):
                service = Service(self, refusal)
                ended = self.session(service).run_code("input()", on_input=lambda _prompt: "ada")
                self.assertEqual((ended["status"], service.asked), ("interrupted", ["ada"]))

    def test_what_keeps_a_question_from_being_answered_ends_the_call(self):
        def nobody(_prompt):
            raise ValueError("nobody is there")

        with self.assertRaisesRegex(ValueError, "nobody is there"):
            self.session(Service(self)).run_code("input()", on_input=nobody)
        with self.assertRaises(RunyardError) as raised:
            self.session(Service(self, (413, "too-large"))).run_code("input()", on_input=lambda _prompt: "ada")
        self.assertEqual(raised.exception.code, "too-large")

    def test_an_execution_is_interrupted_alone_and_tells_its_id(self):
        service, started = Service(self), []
        service.ends.set()
        session = self.session(service)
        session.run_code("1", on_start=started.append)
        session.contexts.interrupt(execution=started[0]["id"])
        session.contexts.interrupt()
        path = "/v1/sessions/s/contexts/default/interrupt"
        self.assertEqual(service.asked, [f"{path}?execution=e", path])


class Sync(Both, unittest.TestCase):
    def client(self, url):
        client = Client(url)
        self.addCleanup(client.close)
        return client

    def waiting(self, service):
        over = threading.Event()
        self.addCleanup(over.set)

        def wait(_prompt):
            service.ends.set()
            over.wait(60)
            return "late"

        return wait


class Async(Both, unittest.TestCase):
    def client(self, url):
        return blocking_async_client(self, url)

    def waiting(self, service):
        async def wait(_prompt):
            service.ends.set()
            await asyncio.sleep(60)
            return "late"

        return wait


class Questions(unittest.TestCase):
    """Of an on_input that reads a terminal."""

    def setUp(self):
        self.prompts, self.lines, self.sent = queue.Queue(), queue.Queue(), queue.Queue()
        self.active, self.most = 0, 0

        def on_input(prompt):
            self.active += 1
            self.most = max(self.most, self.active)
            self.prompts.put(prompt)
            line = self.lines.get(timeout=60)
            self.active -= 1
            if isinstance(line, Exception):
                raise line
            return line

        self.answers = InputAnswers(on_input, self.sent.put, self.sent.put)
        self.answers.ask("who? ")
        self.assertEqual(self.prompts.get(timeout=60), "who? ")

    def test_the_same_question_again_is_answered_by_the_call_that_still_waits(self):
        self.answers.ask("who? ")
        self.lines.put("ada")
        self.assertEqual(self.sent.get(timeout=60), "ada")
        self.assertEqual((self.most, self.prompts.qsize()), (1, 0))

    def test_another_question_is_asked_when_the_call_for_the_one_before_has_returned(self):
        for line in ("ada", EOFError()):
            self.answers.ask("sure? ")
            self.lines.put(line)
            self.assertEqual(self.prompts.get(timeout=60), "sure? ")
            self.lines.put("yes")
            self.assertEqual(self.sent.get(timeout=60), "yes")
            self.assertEqual((self.most, self.sent.qsize()), (1, 0))
            self.answers.ask("who? ")
            self.assertEqual(self.prompts.get(timeout=60), "who? ")
        self.lines.put("")
        self.assertEqual(self.sent.get(timeout=60), "")

    def test_what_is_typed_when_no_answer_is_wanted_is_thrown_away(self):
        self.answers.close()
        self.lines.put("ada")
        self.answers.ask("sure? ")
        self.assertEqual(self.prompts.get(timeout=60), "sure? ")
        self.lines.put("yes")
        self.assertEqual(self.sent.get(timeout=60), "yes")

    def test_asyncio_keeps_no_task_of_a_question_that_has_its_answer(self):
        async def asking():
            sent = asyncio.Queue()

            async def on_input(prompt):
                return prompt

            answers = AsyncInputAnswers(on_input, sent.put)
            for prompt in ("who? ", "sure? "):
                answers.ask(prompt)
                self.assertEqual(await sent.get(), prompt)
            await asyncio.gather(*answers._tasks)
            # Behind the callbacks of what has ended.
            await asyncio.sleep(0)
            return answers._tasks

        self.assertEqual(asyncio.run(asking()), set())


class Stops(unittest.TestCase):
    def setUp(self):
        self.driver = StoppableDriver(lambda: None)

    def test_an_end_of_the_connection_that_is_closed_by_the_stop_is_the_stop(self):
        connection = mock.Mock()

        def receive(_deadline):
            self.driver.stop()
            return b""

        connection.receive = receive

        def flow():
            return (yield Receive(connection, 60))

        with self.assertRaises(Stopped):
            self.driver.run(flow())
        connection.close.assert_called_once_with()
        with self.assertRaises(Stopped):
            self.driver.run(flow())
        self.driver.stop()
        connection.close.assert_called_once_with()

    def test_an_interruption_beside_the_stop_stays_one(self):
        connection = mock.Mock()

        def receive(_deadline):
            self.driver.stop()
            raise KeyboardInterrupt

        connection.receive = receive

        def flow():
            yield Receive(connection, 60)

        with self.assertRaises(KeyboardInterrupt):
            self.driver.run(flow())

    def test_a_pause_ends_with_the_stop(self):
        def flow():
            threading.Thread(target=self.driver.stop).start()
            yield Sleep(600)

        with self.assertRaises(Stopped):
            self.driver.run(flow())

    def test_what_is_connected_when_it_is_stopped_is_closed(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        raw = socket.create_connection(listener.getsockname())

        def connect(*_args, **_options):
            self.driver.stop()
            return raw

        def flow():
            yield Connect(route_to("http://127.0.0.1:1"), 60)

        leaves_open = mock.patch.object(SocketConnection, "__del__", lambda _: None)
        with leaves_open, mock.patch("socket.create_connection", connect), self.assertRaises(Stopped):
            self.driver.run(flow())
        self.assertEqual(raw.fileno(), -1)


if __name__ == "__main__":
    unittest.main()
