"""Both clients against servers that say what they are told to: connections, retries, timeouts, interruptions, proxies, TLS."""

import asyncio
import base64
import gc
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import warnings
from pathlib import Path
from unittest import mock

from runyard import AsyncClient, Client, RunyardError, RunyardTimeoutError
from runyard._retry import pause_before
from runyard._websocket import FrameParser, handshake

from .support import Wire, answering, blocking_async_client, http_answer, read_request

RUNTIMES = http_answer(200, b'{"runtimes": []}')
JOB = {"id": "job-1", "state": "finished", "status": "succeeded", "later": {"new": 1}}


def job_answer(status=200, **changes):
    return http_answer(status, json.dumps({**JOB, **changes}).encode())


def problem(status, code, **headers):
    body = json.dumps({"code": code, "detail": code, "title": code, "status": status}).encode()
    return http_answer(status, body, content_type="application/problem+json", **headers)


def accept_socket(connection):
    """Takes the handshake of a client. Returns its path."""
    head = read_request(connection)[0]
    lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
    with mock.patch("os.urandom", return_value=base64.b64decode(lines[b"sec-websocket-key"])):
        _, accept = handshake()
    answer = f"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    connection.sendall(answer.encode())
    return head.split(b" ")[1].decode()


def receive_messages(connection, count):
    """So many messages of a client; those that are text as what their JSON stands for."""
    unmasked = b""
    parser, messages = FrameParser(binary=True), []
    while len(messages) < count:
        unmasked += connection.recv(65536)
        rest = unmasked
        while len(rest) >= 6 and len(rest) >= (size := rest[1] & 127) + 6:
            mask, payload = rest[2:6], rest[6 : 6 + size]
            plain = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
            messages += parser.feed(bytes((rest[0], size)) + plain)
            rest = rest[6 + size :]
        unmasked = rest
    return [json.loads(message.payload) if message.opcode == 1 else message for message in messages]


def say(connection, value):
    """Sends JSON as text, or bytes as they are."""
    is_binary = isinstance(value, bytes)
    payload = value if is_binary else json.dumps(value).encode()
    connection.sendall(bytes((0x82 if is_binary else 0x81, len(payload))) + payload)


class Both:
    """Tests that hold for either client; `self.client(url)` makes one."""

    def quick(self, url, **options):
        """A client whose pauses take no time; `self.pauses` has their errors and lengths."""
        self.pauses = []
        patch = mock.patch("runyard._session.pause_before", side_effect=self._no_pause)
        patch.start()
        self.addCleanup(patch.stop)
        return self.client(url, **options)

    def _no_pause(self, error, failures, retries, repeatable=True):
        seconds = pause_before(error, failures, retries, repeatable)
        self.pauses.append((error.code, seconds))
        return None if seconds is None else 0.0

    def test_connections_are_kept(self):
        with Wire(answering(*[RUNTIMES] * 5)) as server, self.client(server.url) as client:
            for _ in range(5):
                self.assertEqual(client.runtimes(), [])
            self.assertEqual(server.connections, 1)

    def test_one_that_was_closed_meanwhile_is_replaced_without_a_retry(self):
        with Wire(answering(RUNTIMES), answering(RUNTIMES, RUNTIMES)) as server, self.client(server.url, retries=0) as client:
            client.runtimes()
            time.sleep(0.1)
            client.runtimes()
            client.runtimes()
            self.assertEqual(server.connections, 2)

    def test_also_when_it_is_closed_at_the_moment_of_the_request(self):
        def closes_at_the_second(connection):
            answering(RUNTIMES)(connection)
            read_request(connection)

        with Wire(closes_at_the_second, answering(RUNTIMES)) as server, self.client(server.url, retries=0) as client:
            client.runtimes()
            self.assertEqual(client.runtimes(), [])
            self.assertEqual(server.connections, 2)

    def test_a_body_that_is_cut_is_asked_for_again(self):
        cut = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + b'{"runtimes": ['
        with Wire(answering(cut), answering(RUNTIMES)) as server:
            self.assertEqual(self.quick(server.url).runtimes(), [])
            self.assertEqual([code for code, _ in self.pauses], ["unreachable"])

    def test_an_answer_that_comes_before_the_request_was_sent_is_read(self):
        def refuses(connection):
            connection.recv(100)
            connection.sendall(problem(413, "too-large", connection="close"))
            connection.shutdown(socket.SHUT_WR)
            time.sleep(0.5)

        with Wire(refuses) as server, self.assertRaises(RunyardError) as raised:
            self.client(server.url, retries=0).submit(language="c", code="x" * 8_000_000)
        self.assertEqual((raised.exception.status, raised.exception.code), (413, "too-large"))

    def test_a_comparison_is_asked_for_with_its_lines_and_its_page_by_its_id(self):
        asked = []

        def records(connection):
            for body in (b"{}", b'{"id": "c 1", "state": "finished"}', b"{}", b"a page", b"a page"):
                asked.append(read_request(connection)[0].split(b"\r\n")[0].decode())
                connection.sendall(http_answer(200, body))

        with Wire(records) as server, self.client(server.url) as client:
            found = client.compare_submissions("p", 60, code=True)
            client.similarity("p", 60)
            client.similarity_report("p", 60, comparison=found["id"])
            self.assertEqual(client.similarity_report("p"), "a page")
        place = "/v1/problems/p/similarity"
        self.assertEqual(asked[0], f"POST {place} HTTP/1.1")
        self.assertRegex(asked[1], rf"^GET {place}\?least=60&code=true&wait=\d+ HTTP/1.1$")
        pages = [f"{place}?least=60&code=false", f"{place}/report?least=60&comparison=c%201", f"{place}/report?least=50"]
        self.assertEqual(asked[2:], [f"GET {page} HTTP/1.1" for page in pages])

    def test_requests_are_as_the_api_wants_them(self):
        heads = []

        def records(connection):
            heads.append(read_request(connection))
            connection.sendall(job_answer(202))

        with Wire(records) as server:
            self.client(server.url + "/base/", key="ry_secret").submit(language="c", code="é", idempotency_key="mine")
            host = f"host: 127.0.0.1:{server.port}".encode()
        head, body = heads[0]
        lines = head.split(b"\r\n")
        self.assertEqual(lines[0], b"POST /base/v1/jobs HTTP/1.1")
        for line in (host, b"authorization: Bearer ry_secret", b"idempotency-key: mine", b"content-type: application/json"):
            self.assertIn(line, lines)
        self.assertEqual(body.decode(), '{"language":"c","code":"é"}')

    def test_half_of_a_surrogate_pair_reaches_the_service_that_names_it(self):
        bodies = []

        def records(connection):
            bodies.append(read_request(connection)[1])
            connection.sendall(job_answer(202))

        with Wire(records) as server:
            self.client(server.url).submit(language="c", code="\ud800")
        self.assertEqual(json.loads(bodies[0])["code"], "\ud800")

    def test_a_retry_sends_the_same_key_and_is_told(self):
        keys, told = [], []

        def busy(connection):
            keys.append([line for line in read_request(connection)[0].split(b"\r\n") if line.startswith(b"idempotency")])
            connection.sendall(problem(503, "unavailable", retry_after="3") if len(keys) < 3 else job_answer(202))

        with Wire(busy) as server:
            client = self.quick(server.url, on_retry=lambda error, seconds: told.append((error.code, error.retry_after)))
            client.submit(language="c", code="")
        self.assertEqual((len(keys), len({tuple(key) for key in keys})), (3, 1))
        self.assertEqual(told, [("unavailable", 3.0)] * 2)
        self.assertTrue(all(3 <= seconds <= 3.3 for _, seconds in self.pauses))

    def test_a_rate_that_never_passes_is_not_waited_for(self):
        with Wire(answering(problem(429, "rate-limited"))) as server, self.assertRaises(RunyardError) as raised:
            self.quick(server.url).submit(language="c", code="")
        self.assertEqual((raised.exception.code, server.connections), ("rate-limited", 1))

    def test_what_cannot_be_repeated_is_sent_once(self):
        with Wire(read_request) as server, self.assertRaises(RunyardError) as raised:
            self.quick(server.url).rotate_webhook_secret()
        self.assertEqual((raised.exception.code, server.connections), ("unreachable", 1))

    def test_a_service_that_is_not_there_is_unreachable(self):
        with self.assertRaises(RunyardError) as raised:
            self.quick("http://127.0.0.1:1", retries=2).runtimes()
        self.assertEqual((raised.exception.code, raised.exception.status, len(self.pauses)), ("unreachable", 0, 3))
        self.assertRegex(raised.exception.detail, "refused|Connect call failed")

    def test_what_does_not_come_from_runyard_is_told_apart(self):
        for answer, status in ((http_answer(404, b"<p>"), 404), (http_answer(200, b"<p>"), 0)):
            with Wire(answering(answer)) as server, self.assertRaises(RunyardError) as raised:
                self.client(server.url).get("x")
            self.assertEqual((raised.exception.code, raised.exception.status), ("unknown", status))

    def test_a_timeout_bounds_a_call_with_all_its_retries(self):
        began = time.monotonic()
        with Wire(answering(problem(503, "unavailable", retry_after="1"))) as server:
            with self.assertRaises(RunyardTimeoutError) as raised:
                self.client(server.url).run(language="c", code="", timeout=0.5)
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(raised.exception.code, "timeout")

    def test_a_timeout_ends_an_answer_that_does_not_come(self):
        def silent(connection):
            read_request(connection)
            connection.recv(1)

        with Wire(silent) as server, self.assertRaises(RunyardTimeoutError):
            self.client(server.url).get("x", timeout=0.3)
        with Wire(silent) as server, self.assertRaises(RunyardError) as raised:
            self.quick(server.url, timeout=0.2, retries=1).get("x")
        self.assertEqual((raised.exception.code, len(self.pauses)), ("unreachable", 2))

    def test_members_that_a_later_service_adds_are_there(self):
        with Wire(answering(job_answer())) as server:
            self.assertEqual(self.client(server.url).get("x")["later"], {"new": 1})

    def test_an_id_cannot_lead_elsewhere(self):
        client = self.client("http://127.0.0.1:1", retries=0)
        for job_id in ("", ".", ".."):
            with self.assertRaises(ValueError):
                client.get(job_id)
        with self.assertRaises(ValueError):
            client.artifact("a", "../../secret")

    def test_an_argument_that_is_unknown_is_refused_before_anything_is_sent(self):
        client = self.client("http://127.0.0.1:1", retries=0)
        with self.assertRaisesRegex(TypeError, r"run\(\) .* 'lanuage'; did you mean 'language'"):
            client.run(lanuage="python", code="")
        with self.assertRaisesRegex(TypeError, "jobs\\[0\\] has no field 'cod'"):
            client.batch([{"language": "c", "cod": ""}])
        with self.assertRaisesRegex(TypeError, "limit"):
            client.list(limit=3)

    def test_pages_are_read_as_they_are_needed(self):
        def page(number, after):
            return http_answer(200, json.dumps({"jobs": [{"id": f"{number}"}], "next": after}).encode())

        targets = []

        def pages(connection):
            for answer in (page(1, "c 1"), page(2, None)):
                targets.append(read_request(connection)[0].split(b" ")[1].decode())
                connection.sendall(answer)

        with Wire(pages) as server:
            jobs = self.client(server.url).list(language="c", end_user="a&b")
            self.assertEqual(targets, [])
            self.assertEqual(next(iter(jobs))["id"], "1")
            self.assertEqual(len(targets), 1)
            self.assertEqual([job["id"] for job in jobs], ["2"])
        self.assertEqual(targets[1], "/v1/jobs?limit=100&language=c&endUser=a%26b&cursor=c+1")

    def test_a_stream_goes_on_behind_its_last_event_and_gives_up_when_it_is_refused(self):
        lasts = []

        def events(*ids):
            head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            data = "".join(f"id: {one}\nevent: {kind}\ndata: {{}}\n\n" for one, kind in ids).encode()
            return head + f"{len(data):x}\r\n".encode() + data + b"\r\n"

        def script(answer):
            def run(connection):
                head = read_request(connection)[0]
                lasts.extend(line for line in head.split(b"\r\n") if line.startswith(b"last-event-id"))
                connection.sendall(answer)

            return run

        first, second = events(("1", "state"), ("2", "stdout")), events(("3", "stdout"))
        with Wire(script(first), script(second), script(problem(404, "not-found"))) as server:
            client, seen = self.quick(server.url), []
            with self.assertRaises(RunyardError) as raised:
                for event in client.stream("j"):
                    seen.append(event["id"])
        self.assertEqual((seen, raised.exception.code), (["1", "2", "3"], "not-found"))
        self.assertEqual(lasts, [b"last-event-id: 2", b"last-event-id: 3"])

    def test_a_stream_that_is_left_closes_its_connection(self):
        gone = threading.Event()

        def endless(connection):
            read_request(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nid: 1\nevent: state\ndata: {}\n\n")
            if connection.recv(1) == b"":
                gone.set()

        with Wire(endless) as server:
            for _ in self.client(server.url).stream("j"):
                break
            gc.collect()
            self.assertTrue(gone.wait(10))

    def test_an_artifact_is_saved_whole_or_not_at_all(self):
        whole, cut = http_answer(200, b"12345"), b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n123"
        with tempfile.TemporaryDirectory() as folder, Wire(answering(whole), answering(cut)) as server:
            client, place = self.client(server.url, retries=0), Path(folder, "file")
            self.assertEqual(client.save_artifact("j", "a/b", place), place)
            self.assertEqual(place.read_bytes(), b"12345")
            time.sleep(0.1)
            with self.assertRaises(RunyardError) as raised:
                client.save_artifact("j", "a/b", place)
            self.assertEqual(raised.exception.code, "connection-closed")
            self.assertEqual((place.read_bytes(), os.listdir(folder)), (b"12345", ["file"]))

    def test_artifacts_do_not_leave_their_folder(self):
        with tempfile.TemporaryDirectory() as folder, Wire(answering(http_answer(200, b"x"))) as server:
            client = self.client(server.url, retries=0)
            job = {"id": "j", "artifacts": [{"path": "good"}, {"path": "../bad"}]}
            with self.assertRaises(ValueError):
                client.save_artifacts(job, folder)
            os.symlink("/tmp", Path(folder, "link"))
            with self.assertRaises(ValueError):
                client.save_artifacts({"id": "j", "artifacts": [{"path": "link/bad"}]}, folder)
            self.assertEqual((os.listdir(folder), server.connections), (["link"], 0))
            self.assertEqual(client.save_artifacts({"id": "j"}, folder), [])
            places = client.save_artifacts({"id": "j", "artifacts": [{"path": "a/b"}]}, folder)
            self.assertEqual([place.read_bytes() for place in places], [b"x"])

    def test_a_closed_client_refuses(self):
        with Wire(answering(RUNTIMES)) as server:
            with self.client(server.url) as client:
                client.runtimes()
            with self.assertRaisesRegex(RuntimeError, "closed"):
                client.runtimes()

    def test_a_proxy_is_used_and_told_who_asks(self):
        heads = []

        def proxy(connection):
            heads.append(read_request(connection)[0].decode())
            connection.sendall(RUNTIMES)

        with Wire(proxy) as server:
            address = f"http://me:secret@127.0.0.1:{server.port}"
            with mock.patch.dict(os.environ, http_proxy=address, no_proxy=""):
                client = self.client("http://runyard.example")
            client.runtimes()
        self.assertTrue(heads[0].startswith("GET http://runyard.example/v1/runtimes HTTP/1.1\r\nhost: runyard.example\r\n"))
        self.assertIn("proxy-authorization: Basic bWU6c2VjcmV0", heads[0])

    def test_an_interactive_job_over_lost_connections(self):
        """Input that was not acknowledged comes again under its number; events go on behind the last."""
        seen = []

        def first(connection):
            seen.append(accept_socket(connection))
            say(connection, {"id": "1", "type": "state", "data": {}})
            connection.sendall(b"\x89\x02hi")
            seen.extend(receive_messages(connection, 2))

        def second(connection):
            seen.append(accept_socket(connection))
            seen.extend(receive_messages(connection, 1))
            say(connection, {"type": "ack", "seq": 1})
            seen.extend(receive_messages(connection, 1))
            say(connection, {"type": "error", "seq": 2, "code": "input-closed", "detail": "no"})
            say(connection, {"id": "2", "type": "result", "data": {"status": "succeeded"}})
            connection.recv(1)

        with Wire(first, second) as server:
            client = self.quick(server.url)
            with client.connect("j") as job:
                job.write("a")
                with self.assertRaises(RunyardError) as raised:
                    job.end()
                self.assertEqual(raised.exception.code, "input-closed")
                self.assertEqual([event["id"] for event in job], ["1", "2"])
                self.assertEqual(job.result(), {"status": "succeeded"})
                with self.assertRaises(RunyardError) as raised:
                    job.write("b")
                self.assertEqual(raised.exception.code, "job-ended")
        kinds = [one if isinstance(one, str) else one.get("type") if isinstance(one, dict) else one.opcode for one in seen]
        self.assertEqual(kinds[0], "/v1/jobs/j/io")
        self.assertEqual(sorted(str(kind) for kind in kinds[1:3]), ["10", "stdin"])
        self.assertEqual(kinds[3:], ["/v1/jobs/j/io?after=1", "stdin", "eof"])
        self.assertEqual([one["seq"] for one in seen if isinstance(one, dict)], [1, 1, 2])

    def test_a_terminal_over_lost_connections(self):
        """What is still kept comes again, and whoever reads is told; what is typed meanwhile goes over the next connection."""
        seen = []

        def first(connection):
            seen.append(accept_socket(connection))
            say(connection, b"on\xff")
            seen.extend(receive_messages(connection, 1))

        def second(connection):
            seen.append(accept_socket(connection))
            say(connection, b"on\xffe")
            say(connection, {"type": "gap"})
            say(connection, {"type": "error", "code": "invalid-message", "detail": "no"})
            seen.extend(receive_messages(connection, 2))
            say(connection, {"type": "command", "data": {"state": "finished", "exitCode": 3}})
            connection.sendall(b"\x88\x02\x03\xe8")
            connection.recv(1)

        with Wire(first, second) as server:
            with self.quick(server.url).sessions.open("s").commands.terminal("c") as terminal:
                terminal.write("a")
                events = []
                for event in terminal:
                    events.append(event)
                    if event["type"] == "reset":
                        terminal.resize(100, 30)
                        terminal.signal("SIGINT")
                self.assertEqual(terminal.result()["exitCode"], 3)
        kinds = [(one["type"], one.get("data")) for one in events]
        self.assertEqual(
            kinds,
            [("data", b"on\xff"), ("reset", None), ("data", b"on\xffe"), ("gap", None), ("error", None)]
            + [("command", {"state": "finished", "exitCode": 3})],
        )
        path = "/v1/sessions/s/commands/c/terminal"
        self.assertEqual([one for one in seen if isinstance(one, str)], [path, path])
        typed = [one if isinstance(one, dict) else one.payload for one in seen if not isinstance(one, str)]
        resize = {"type": "resize", "columns": 100, "rows": 30}
        self.assertEqual(typed, [b"a", resize, {"type": "signal", "signal": "SIGINT"}])

    def test_a_terminal_whose_session_has_ended_says_so(self):
        def ends(connection):
            accept_socket(connection)
            say(connection, {"type": "ended", "data": {"message": "it is over"}})
            connection.recv(1)

        with Wire(ends) as server:
            terminal = self.client(server.url).sessions.open("s").commands.terminal("c")
            with self.assertRaises(RunyardError) as raised:
                terminal.result()
            self.assertEqual((raised.exception.code, raised.exception.detail), ("session-ended", "it is over"))
            with self.assertRaises(RunyardError):
                terminal.write("x")

    def test_an_interactive_job_that_is_refused_says_why(self):
        with Wire(answering(problem(404, "not-found"))) as server:
            job = self.client(server.url).connect("j")
            with self.assertRaises(RunyardError) as raised:
                job.write("x")
            self.assertEqual(raised.exception.code, "not-found")
            with self.assertRaises(RunyardError):
                list(job)


class Sync(Both, unittest.TestCase):
    def client(self, url, **options):
        client = Client(url, **options)
        self.addCleanup(client.close)
        return client

    def test_threads_share_a_client(self):
        def slow(connection):
            while read_request(connection) is not None:
                time.sleep(0.02)
                connection.sendall(RUNTIMES)

        with Wire(slow) as server, self.client(server.url) as client:
            results = []
            threads = [threading.Thread(target=lambda: results.append([client.runtimes() for _ in range(10)])) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(results, [[[]] * 10] * 8)
            self.assertLessEqual(server.connections, 8)

    def test_an_interruption_ends_the_call_and_its_connection_and_nothing_else(self):
        gone = threading.Event()
        requests = []

        def waits(connection):
            requests.append(read_request(connection))
            # Python notices a signal that comes just before a wait only after it, so the client has to be waiting.
            time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGINT)
            if connection.recv(1) == b"":
                gone.set()

        with Wire(waits, answering(RUNTIMES)) as server, self.client(server.url) as client:
            with self.assertRaises(KeyboardInterrupt):
                client.run(language="c", code="")
            self.assertTrue(gone.wait(10))
            self.assertEqual(len(requests), 1)
            self.assertEqual(client.runtimes(), [])

    def test_a_client_that_is_forgotten_leaves_no_socket(self):
        with Wire(answering(RUNTIMES)) as server, warnings.catch_warnings():
            warnings.simplefilter("error")
            client = Client(server.url)
            client.runtimes()
            del client
            gc.collect()

    def test_an_iterator_outlives_the_name_of_its_client(self):
        with Wire(answering(http_answer(200, b"12345"))) as server:
            pieces = Client(server.url).stream_artifact("j", "a")
            gc.collect()
            self.assertEqual(b"".join(pieces), b"12345")

    def test_one_thread_may_leave_a_job_that_another_waits_for(self):
        def accepts_and_waits(connection):
            key = [line for line in read_request(connection)[0].split(b"\r\n") if line.startswith(b"sec-websocket-key")][0]
            with mock.patch("runyard._websocket.os.urandom", return_value=base64.b64decode(key.split(b": ")[1])):
                _, accept = handshake()
            connection.sendall(f"HTTP/1.1 101 S\r\nupgrade: websocket\r\nsec-websocket-accept: {accept}\r\n\r\n".encode())
            connection.recv(1)

        with Wire(accepts_and_waits) as server:
            job, ended = self.client(server.url).connect("j"), []

            def follow():
                try:
                    list(job)
                except RunyardError as error:
                    ended.append(error.code)

            thread = threading.Thread(target=follow)
            thread.start()
            time.sleep(0.3)
            job.close()
            thread.join(10)
            self.assertEqual(ended, ["connection-closed"])


class Async(Both, unittest.TestCase):
    def client(self, url, **options):
        return blocking_async_client(self, url, **options)

    def test_many_calls_run_at_once_in_one_loop(self):
        # None is answered before all of them have come.
        all_there = threading.Barrier(50)

        def slow(connection):
            while read_request(connection) is not None:
                all_there.wait(120)
                connection.sendall(RUNTIMES)

        async def main(url):
            async with AsyncClient(url) as client:
                return await asyncio.gather(*(client.runtimes() for _ in range(50)))

        with Wire(slow) as server:
            self.assertEqual(asyncio.run(main(server.url)), [[]] * 50)

    def test_a_cancelled_task_closes_its_connection(self):
        gone = threading.Event()

        def silent(connection):
            read_request(connection)
            if connection.recv(1) == b"":
                gone.set()

        async def main(url):
            async with AsyncClient(url) as client:
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(client.run(language="c", code=""), 0.2)

        with Wire(silent) as server:
            asyncio.run(main(server.url))
            self.assertTrue(gone.wait(10))

    def test_a_client_can_be_used_in_one_loop_after_another(self):
        with Wire(answering(RUNTIMES, RUNTIMES)) as server, warnings.catch_warnings():
            # Of the connections that the loops took with them.
            warnings.simplefilter("ignore", ResourceWarning)
            client = AsyncClient(server.url)
            for _ in range(2):
                self.assertEqual(asyncio.run(client.runtimes()), [])
            del client
            gc.collect()

    def test_a_large_answer_is_not_read_faster_than_it_is_taken(self):
        sent = []

        def pours(connection):
            read_request(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            connection.settimeout(0.5)
            try:
                while True:
                    sent.append(connection.send(b"x" * 65536))
            except OSError:
                pass

        async def main(url):
            async with AsyncClient(url) as client:
                pieces = client.stream_artifact("j", "a")
                await pieces.__anext__()
                await asyncio.sleep(1.5)
                await pieces.aclose()

        with Wire(pours) as server:
            asyncio.run(main(server.url))
        self.assertLess(sum(sent), 32 * 1024 * 1024)


@unittest.skipUnless(shutil.which("openssl"), "openssl makes the certificate")
class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.cert, key = f"{cls.folder.name}/cert.pem", f"{cls.folder.name}/key.pem"
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cls.cert]
        subprocess.run([*command, *names], check=True, capture_output=True)
        cls.server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cls.server_side.load_cert_chain(cls.cert, key)

    def clients(self, url, **options):
        return (Client(url, **options), blocking_async_client(self, url, **options))

    def trusting(self):
        return ssl.create_default_context(cafile=self.cert)

    def test_https_with_a_certificate_that_is_trusted(self):
        body = b'{"runtimes": [' + b",".join([b'{"hello": "%s"}' % (b"x" * 1000)] * 500) + b"]}"
        with Wire(answering(*[http_answer(200, body)] * 3), tls=self.server_side) as server:
            for client in self.clients(f"https://127.0.0.1:{server.port}", ssl_context=self.trusting()):
                for _ in range(3):
                    self.assertEqual(len(client.runtimes()), 500)
                client.close()
            self.assertEqual(server.connections, 2)

    def test_one_that_is_not_is_an_error_at_once(self):
        with Wire(answering(RUNTIMES), tls=self.server_side) as server:
            for client in self.clients(f"https://127.0.0.1:{server.port}"):
                with self.assertRaises(RunyardError) as raised:
                    client.runtimes()
                self.assertEqual(raised.exception.code, "unreachable")
                self.assertIn("certificate", raised.exception.detail)
            # Each tried once: what is not trusted now is not trusted a moment later.
            self.assertEqual(server.connections, 2)

    def test_through_the_tunnel_of_a_proxy(self):
        heads = []

        def proxy(connection):
            heads.append(read_request(connection)[0].decode())
            if "refused" in heads[-1]:
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
                return
            connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            with self.server_side.wrap_socket(connection, server_side=True) as secure:
                heads.append(read_request(secure)[0].decode())
                secure.sendall(RUNTIMES)

        with Wire(proxy) as server:
            address = f"http://me:secret@127.0.0.1:{server.port}"
            with mock.patch.dict(os.environ, https_proxy=address, no_proxy=""):
                context = self.trusting()
                context.check_hostname = False
                clients = self.clients("https://runyard.example", ssl_context=context, retries=0)
                refused = self.clients("https://refused.example", ssl_context=context, retries=0)
            for client in clients:
                heads.clear()
                self.assertEqual(client.runtimes(), [])
                client.close()
                self.assertTrue(heads[0].startswith("CONNECT runyard.example:443 HTTP/1.1\r\n"))
                self.assertIn("proxy-authorization: Basic bWU6c2VjcmV0", heads[0])
                self.assertTrue(heads[1].startswith("GET /v1/runtimes HTTP/1.1\r\nhost: runyard.example\r\n"))
                self.assertNotIn("proxy-authorization", heads[1])
            for client in refused:
                with self.assertRaises(RunyardError) as raised:
                    client.runtimes()
                self.assertIn("answered 403 Forbidden", raised.exception.detail)


if __name__ == "__main__":
    unittest.main()
