"""Tests of runyard.py: python3 -m unittest

Those that run jobs need a service without keys, whose address is in RUNYARD_URL.
"""

import ast
import base64
import hashlib
import hmac
import json
import os
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import runyard
from runyard import Client, RunyardError, WebhookVerificationError, verify_webhook

URL = os.environ.get("RUNYARD_URL", "")


class Relay:
    """Stands before the service, and does to some of its answers what networks do."""

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


@unittest.skipUnless(URL, "RUNYARD_URL names no service")
class Jobs(unittest.TestCase):
    def setUp(self):
        self.client = Client(URL)

    def test_run_gives_the_finished_job_also_of_a_program_that_fails(self):
        job = self.client.run(language="python", code="print(input())\nexit(3)", stdin="hällo")
        self.assertEqual((job["state"], job["status"]), ("finished", "failed"))
        self.assertEqual((job["stages"][0]["stdout"], job["stages"][0]["exitCode"]), ("hällo\n", 3))

    def test_run_gives_up_at_its_timeout_and_the_job_goes_on(self):
        began = time.monotonic()
        with self.assertRaises(RunyardError) as raised:
            self.client.run(language="bash", code="sleep 4", timeout=1.5)
        self.assertEqual(raised.exception.code, "timeout")
        self.assertLess(time.monotonic() - began, 3.5)
        job = next(self.client.list(language="bash"))
        self.assertEqual(self.client.wait(job["id"])["status"], "succeeded")

    def test_submit_get_cancel(self):
        job = self.client.submit(language="bash", code="sleep 60")
        self.assertIn(self.client.get(job["id"])["state"], ("queued", "running"))
        self.assertEqual(self.client.cancel(job["id"])["status"], "cancelled")
        self.assertEqual(self.client.wait(job["id"])["status"], "cancelled")

    def test_stream_gives_events_as_they_come_from_the_first_to_the_result(self):
        code = "import time\nprint('one', flush=True)\ntime.sleep(1)\nprint('two')"
        job = self.client.submit(language="python", code=code)
        times, text, events = {}, "", []
        for event in self.client.stream(job["id"]):
            events.append(event)
            if event["type"] == "stdout":
                text += event["data"]["data"]
                times.setdefault(text, time.monotonic())
        self.assertEqual(text, "one\ntwo\n")
        self.assertGreater(times["one\ntwo\n"] - times["one\n"], 0.5)
        self.assertEqual((events[0]["type"], events[-1]["type"]), ("state", "result"))
        self.assertEqual(events[-1]["data"]["status"], "succeeded")
        self.assertEqual(list(self.client.stream(job["id"], after=events[-2]["id"])), events[-1:])
        self.assertEqual(list(self.client.stream(job["id"], after=events[-1]["id"])), [])

    def test_stream_goes_on_where_it_was_cut(self):
        job = self.client.run(language="bash", code="for i in $(seq 50); do echo line $i; sleep 0.01; done")

        def cut(handler, count, request):
            pass_on(handler, request, None if count > 2 else 600)

        with Relay(cut) as relay:
            events = list(Client(relay.url).stream(job["id"]))
            self.assertEqual(len(relay.seen), 3)
            self.assertIsNotNone(relay.seen[1][2].get("last-event-id"))
        self.assertEqual(events, list(self.client.stream(job["id"])))

    def test_what_is_sent_again_because_its_answer_was_lost_runs_once(self):
        def lose(handler, count, request):
            if count > 2:
                return pass_on(handler, request)
            urlopen(request, timeout=70).read()

        with Relay(lose) as relay:
            job = Client(relay.url).run(language="python", code="print(1)", metadata={"mark": "sent thrice"})
            keys = [headers["idempotency-key"] for _method, _path, headers in relay.seen]
        self.assertEqual((len(keys), len(set(keys))), (3, 1))
        marked = [one["id"] for one in self.client.list() if one["metadata"].get("mark") == "sent thrice"]
        self.assertEqual(marked, [job["id"]])

    def test_a_service_that_is_busy_is_tried_again_after_what_it_says(self):
        times = []

        def busy(handler, count, request):
            times.append(time.monotonic())
            if count > 1:
                return pass_on(handler, request)
            answer_with(handler, 503, {"retry-after": "1"})

        with Relay(busy) as relay:
            self.assertGreater(len(Client(relay.url).runtimes()), 3)
        self.assertGreaterEqual(times[1] - times[0], 1)

    def test_an_answer_that_is_cut_is_asked_for_again(self):
        with Relay(lambda handler, count, request: cut_body(handler, count, request)) as relay:
            self.assertGreater(len(Client(relay.url).runtimes()), 3)
            self.assertEqual(len(relay.seen), 2)

    def test_batches(self):
        batch = self.client.batch([{"language": "bash", "code": f"exit {n}"} for n in range(3)])
        self.assertEqual([self.client.wait(one)["stages"][0]["exitCode"] for one in batch["jobs"]], [0, 1, 2])
        self.assertEqual(self.client.wait_batch(batch["id"])["counts"]["finished"], 3)
        self.assertEqual(self.client.get_batch(batch["id"])["counts"]["finished"], 3)
        long = self.client.batch([{"language": "bash", "code": "sleep 60"}])
        with self.assertRaises(RunyardError) as caught:
            self.client.wait_batch(long["id"], timeout=1)
        self.assertEqual(caught.exception.code, "timeout")
        self.assertEqual(self.client.cancel_batch(long["id"])["counts"]["cancelled"], 1)

    def test_artifacts(self):
        code = "import os\nos.mkdir('a b')\nopen('a b/ü#?.bin', 'wb').write(bytes(range(256)))"
        job = self.client.run(language="python", code=code, artifacts=["**/*.bin"])
        self.assertEqual(self.client.artifact(job["id"], job["artifacts"][0]["path"]), bytes(range(256)))

    def test_list_reads_every_page(self):
        self.client.batch([{"language": "bash", "code": "exit 9", "metadata": {"page": n}} for n in range(60)])
        self.client.batch([{"language": "bash", "code": "exit 9", "metadata": {"page": n}} for n in range(60, 120)])
        pages = [job["metadata"]["page"] for job in self.client.list() if "page" in job["metadata"]]
        self.assertEqual(sorted(pages), list(range(120)))
        for job in self.client.list(state="queued"):
            self.client.cancel(job["id"])

    def test_errors_tell_what_is_wrong(self):
        with self.assertRaises(RunyardError) as raised:
            self.client.run(language="python", code="1", limits={"wallMs": 0})
        error = raised.exception
        self.assertEqual((error.status, error.code), (422, "invalid-request"))
        self.assertEqual(error.errors[0]["pointer"], "/limits/wallMs")
        self.assertIsNotNone(error.request_id)
        with self.assertRaises(RunyardError) as raised:
            self.client.run(language="python", code="import os\nos.system('rm -rf /')")
        self.assertEqual((raised.exception.code, raised.exception.violations[0]["line"]), ("submission-blocked", 2))
        with self.assertRaises(RunyardError) as raised:
            list(self.client.stream("01890a5d-ac96-774b-bcce-b302099a8057"))
        self.assertEqual(raised.exception.code, "not-found")


def cut_body(handler, count, request):
    if count > 1:
        return pass_on(handler, request)
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"runtimes": [')


class Alone(unittest.TestCase):
    def test_a_service_that_is_not_there_is_unreachable(self):
        began = time.monotonic()
        with self.assertRaises(RunyardError) as raised:
            Client("http://127.0.0.1:1", retries=1).runtimes()
        self.assertEqual((raised.exception.code, raised.exception.status), ("unreachable", 0))
        self.assertIn("refused", raised.exception.detail)
        self.assertGreaterEqual(time.monotonic() - began, 0.25)

    def test_what_does_not_come_from_runyard_is_told_apart(self):
        with Relay(lambda handler, *_args: answer_with(handler, 404, {}, b"<p>")) as relay:
            with self.assertRaises(RunyardError) as raised:
                Client(relay.url).get("x")
        self.assertEqual((raised.exception.code, raised.exception.status), ("unknown", 404))

    def test_an_address_that_is_none_is_refused(self):
        for url in ("localhost:3000", "ftp://x", ""):
            with self.assertRaises(ValueError):
                Client(url)

    def test_pauses_grow_and_end(self):
        error = RunyardError("unknown", "", status=503)
        pauses = [runyard._pause_before(error, failures, 6) for failures in range(1, 8)]
        for pause, most in zip(pauses, (0.5, 1, 2, 4, 8, 8)):
            self.assertTrue(most / 2 <= pause <= most)
        self.assertIsNone(pauses[6])
        for status in (400, 401, 403, 404, 422, 500):
            self.assertIsNone(runyard._pause_before(RunyardError("x", "", status=status), 1, 6))
        self.assertIsNone(runyard._pause_before(RunyardError("x", "", status=429, retry_after=61), 1, 6))

    def test_a_refused_rate_is_waited_for_and_told(self):
        refused = RunyardError("rate-limited", "", status=429, retry_after=0.001)
        self.assertIsNotNone(runyard._pause_before(refused, 8, 1))
        self.assertIsNone(runyard._pause_before(refused, 9, 1))
        self.assertIsNone(runyard._pause_before(refused, 1, 0))
        told = []
        client = Client("http://127.0.0.1:1", on_retry=lambda error, seconds: told.append((error, seconds)))
        client._pause(refused, 1, runyard._Deadline(None))
        self.assertEqual([error for error, _ in told], [refused])
        self.assertTrue(0.001 <= told[0][1] <= 0.0012)

    def test_it_is_python_3_9(self):
        source = Path(runyard.__file__).read_text(encoding="utf-8")
        ast.parse(source, feature_version=(3, 9))


class Webhooks(unittest.TestCase):
    SECRET = "whsec_" + base64.b64encode(b"some bytes of a secret").decode()
    BODY = '{"type":"job.finished","data":{"message":"é"}}'

    def headers(self, secret=SECRET, body=BODY, age=0):
        stamp = str(int(time.time()) - age)
        mac = hmac.new(base64.b64decode(secret[6:]), f"event.{stamp}.{body}".encode(), hashlib.sha256)
        signature = "v1," + base64.b64encode(mac.digest()).decode()
        return {"Webhook-Id": "event", "Webhook-Timestamp": stamp, "Webhook-Signature": f"v2,x {signature}"}

    def test_what_is_signed_is_taken(self):
        other = "whsec_" + base64.b64encode(b"another").decode()
        for body in (self.BODY, self.BODY.encode()):
            self.assertEqual(verify_webhook(self.headers(), body, self.SECRET), json.loads(self.BODY))
        self.assertEqual(verify_webhook(self.headers(), self.BODY, [other, self.SECRET])["type"], "job.finished")

    def test_anything_else_is_refused(self):
        other = "whsec_" + base64.b64encode(b"another").decode()
        cases = [
            (self.headers(), self.BODY + " "),
            (self.headers(secret=other), self.BODY),
            (self.headers(age=400), self.BODY),
            (self.headers(age=-400), self.BODY),
            ({**self.headers(), "Webhook-Id": "other"}, self.BODY),
            ({**self.headers(), "Webhook-Timestamp": "nan"}, self.BODY),
            ({**self.headers(), "Webhook-Signature": "v1,*"}, self.BODY),
            ({**self.headers(), "Webhook-Signature": "v1,é"}, self.BODY),
            ({}, self.BODY),
        ]
        for headers, body in cases:
            with self.subTest(headers=headers), self.assertRaises(WebhookVerificationError):
                verify_webhook(headers, body, self.SECRET)

    def test_a_secret_that_cannot_be_one_is_the_callers_error(self):
        for secret in ("hunter2", "whsec_", "whsec_*"):
            with self.assertRaises(ValueError):
                verify_webhook(self.headers(), self.BODY, secret)


if __name__ == "__main__":
    unittest.main()
