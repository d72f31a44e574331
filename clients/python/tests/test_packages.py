"""Progress of the packages of a session, of both clients, against a service that does what the test says."""

import json
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from runyard import Client, RunyardError

from .support import answer_with, blocking_async_client

STEPS = ("resolving six", "installing six 1.17.0")


class Service:
    """Installs packages without an end, and answers the request for a session when `answers` is set.

    refusal: status and code of that answer
    forbids: whether packages are not for this key
    """

    def __init__(self, test, refusal=None, forbids=False):
        self.asked = []
        self.answers, self.answered, self.ended, self.over = (threading.Event() for _ in range(4))
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                service.asked.append((self.path, body))
                if self.path == "/v1/sessions":
                    service.answers.wait(60)
                    self.answer(*(201, {"id": "s"}) if refusal is None else refused(*refusal))
                    service.answered.set()
                elif forbids:
                    self.answer(*refused(403, "insufficient-scope"))
                else:
                    self.answer(202, {"id": "e", "state": "building"})

            def do_DELETE(self):
                if self.path == "/v1/sessions/s":
                    service.ended.set()
                self.answer(200, {"id": "s"})

            def do_GET(self):
                self.close_connection = True
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.end_headers()
                try:
                    for number, progress in enumerate((None, *STEPS)):
                        data = json.dumps({"state": "building", "progress": progress, "error": None})
                        self.wfile.write(f"id: {number}-0\nevent: building\ndata: {data}\n\n".encode())
                    self.wfile.flush()
                    service.over.wait(60)
                except OSError:
                    pass

            def answer(self, status, value):
                kind = "application/json" if status < 300 else "application/problem+json"
                try:
                    answer_with(self, status, {"content-type": kind}, json.dumps(value).encode())
                except OSError:
                    pass

            def log_message(self, *_args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        test.addCleanup(self._close)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _close(self):
        self.answers.set()
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


def refused(status, code):
    return status, {"code": code, "detail": "it is refused", "title": code, "status": status}


class Both:
    """Tests that hold for either client; `self.client(url)` makes one."""

    def test_progress_is_told_until_the_session_is_there(self):
        service, told = Service(self), []

        def on_progress(progress):
            told.append(progress)
            if progress == STEPS[-1]:
                service.answers.set()

        session = self.client(service.url).sessions.create(dependencies=["six"], on_progress=on_progress)
        self.assertEqual((session.id, told), ("s", list(STEPS)))
        wanted = {"dependencies": ["six"]}
        self.assertIn(("/v1/sessions", wanted), service.asked)
        self.assertIn(("/v1/environments", {"language": "python", **wanted}), service.asked)
        self.assertEqual(len(service.asked), 2)

    def test_a_session_that_is_refused_waits_for_no_packages(self):
        service = Service(self, refusal=(422, "invalid-request"))
        service.answers.set()
        with self.assertRaises(RunyardError) as raised:
            self.client(service.url).sessions.create(dependencies=["six"], on_progress=lambda _: None)
        self.assertEqual(raised.exception.code, "invalid-request")

    def test_who_may_not_ask_for_packages_gets_the_session_without_being_told(self):
        service, told = Service(self, forbids=True), []
        service.answers.set()
        session = self.client(service.url).sessions.create(dependencies=["six"], on_progress=told.append)
        self.assertEqual((session.id, told), ("s", []))

    def test_what_the_callback_raises_ends_the_call(self):
        def on_progress(progress):
            raise ValueError(progress)

        with self.assertRaisesRegex(ValueError, STEPS[0]):
            self.client(Service(self).url).sessions.create(dependencies=["six"], on_progress=on_progress)

    def test_a_session_that_comes_while_the_callback_raises_is_ended(self):
        service = Service(self)

        def on_progress(progress):
            service.answers.set()
            service.answered.wait(60)
            raise ValueError(progress)

        with self.assertRaisesRegex(ValueError, STEPS[0]):
            self.client(service.url).sessions.create(dependencies=["six"], on_progress=on_progress)
        self.assertTrue(service.ended.wait(30))

    def test_without_packages_nothing_is_asked_of_them(self):
        service = Service(self)
        service.answers.set()
        self.client(service.url).sessions.create(on_progress=self.fail)
        self.assertEqual(service.asked, [("/v1/sessions", {})])


class Sync(Both, unittest.TestCase):
    def client(self, url):
        client = Client(url)
        self.addCleanup(client.close)
        return client


class Async(Both, unittest.TestCase):
    def client(self, url):
        return blocking_async_client(self, url)

    def test_the_callback_may_be_a_coroutine_function(self):
        service, told = Service(self), []

        async def on_progress(progress):
            told.append(progress)
            service.answers.set()

        self.client(service.url).sessions.create(dependencies=["six"], on_progress=on_progress)
        self.assertEqual(told[0], STEPS[0])


if __name__ == "__main__":
    unittest.main()
