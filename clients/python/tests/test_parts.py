"""What does no I/O: parsers, decisions, refusals."""

import ast
import inspect
import os
import pickle
import random
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

import runyard
from runyard._async_files import AsyncFiles
from runyard._files import Files
from runyard import AsyncClient, AsyncInteractiveJob, Client, InteractiveJob, RunyardError, RunyardTimeoutError
from runyard._arguments import batch_request, environment_request, job_request
from runyard._artifact_files import place_in
from runyard._errors import error_of_answer
from runyard._http1 import InvalidAnswer, ResponseParser, request_head
from runyard._retry import Deadline, pause_before
from runyard._route import route_to
from runyard._sse import SseParser
from runyard._websocket import CLOSE, PING, TEXT, FrameParser, Message, frame


def cuts(data, seed):
    """The bytes in pieces of random sizes, the same for the same seed."""
    chance = random.Random(seed)
    while data:
        size = chance.randint(1, 9)
        yield data[:size]
        data = data[size:]


class Types(unittest.TestCase):
    def test_a_file_of_a_session_has_its_earlier_name_too(self):
        self.assertIs(runyard.types.InlineFile, runyard.types.RequestFile)


class Arguments(unittest.TestCase):
    def test_an_unknown_argument_is_refused_with_the_nearest_valid_one(self):
        for wrong, near in (
            ("lanuage", "language"),
            ("compiler_args", "compilerArgs"),
            ("Stdin", "stdin"),
            ("time_out", "timeout"),
            ("end_user", "endUser"),
        ):
            with self.subTest(wrong), self.assertRaises(TypeError) as raised:
                job_request("run", {"language": "c", wrong: 1}, ("idempotency_key", "timeout"))
            self.assertEqual(
                str(raised.exception), f"run() got an unexpected keyword argument {wrong!r}; did you mean {near!r}?"
            )
        with self.assertRaises(TypeError) as raised:
            job_request("run", {"language": "c", "zzz": 1})
        self.assertEqual(str(raised.exception), "run() got an unexpected keyword argument 'zzz'")

    def test_an_environment_is_asked_for_in_three_ways(self):
        for given, body in (
            ((["a"], None, None), {"dependencies": ["a"]}),
            ((None, "a==1", None), {"manifest": "a==1"}),
            ((None, None, "python/data"), {"set": "python/data"}),
        ):
            self.assertEqual(environment_request("python", *given), {"language": "python", **body})
        for client in (Client, AsyncClient):
            self.assertIn("set", inspect.signature(client.create_environment).parameters)

    def test_so_it_is_within_an_argument_and_in_a_batch(self):
        for request, message in (
            ({"limits": {"wall_ms": 1}}, "run(): limits has no field 'wall_ms'; did you mean 'wallMs'?"),
            ({"files": [{"path": "a", "contents": ""}]}, "run(): files[0] has no field 'contents'; did you mean 'content'?"),
            ({"tests": [{}, {"expected": ""}]}, "run(): tests[1] has no field 'expected'; did you mean 'expectedOutput'?"),
            ({"webhook": {"uri": ""}}, "run(): webhook has no field 'uri'; did you mean 'url'?"),
        ):
            with self.subTest(message), self.assertRaises(TypeError) as raised:
                job_request("run", {"language": "c", **request})
            self.assertEqual(str(raised.exception), message)
        with self.assertRaises(TypeError) as raised:
            batch_request([{"language": "c"}, {"language": "c", "cod": ""}])
        self.assertEqual(str(raised.exception), "jobs[1] has no field 'cod'; did you mean 'code'?")

    def test_one_request_is_no_batch(self):
        with self.assertRaisesRegex(TypeError, "not one request"):
            batch_request({"language": "c"})

    def test_a_key_that_cannot_be_one_is_refused_and_not_shown(self):
        for key in ("", "ry_a b", "ry_secret\n", "ry_é"):
            with self.assertRaises(ValueError) as raised:
                Client("http://127.0.0.1:1", key)
            self.assertNotIn("ry_", str(raised.exception))

    def test_a_job_without_a_language_is_refused(self):
        with self.assertRaisesRegex(TypeError, "missing required keyword argument: 'language'"):
            job_request("run", {"code": "1"})

    def test_both_clients_offer_the_same(self):
        for one, other in ((Client, AsyncClient), (InteractiveJob, AsyncInteractiveJob), (Files, AsyncFiles)):
            names = {name for name in dir(one) if not name.startswith("_")}
            self.assertEqual(names, {name for name in dir(other) if not name.startswith("_")})
            for name in names:
                here, there = (inspect.signature(getattr(kind, name)).parameters for kind in (one, other))
                self.assertEqual(list(here.values()), list(there.values()), name)
                self.assertTrue(getattr(one, name).__doc__ and getattr(other, name).__doc__, name)


class Errors(unittest.TestCase):
    def test_a_problem_is_read_with_all_that_it_tells(self):
        body = b"""{"type": "urn:runyard:problem:invalid-request", "title": "Wrong", "status": 422, "code": "invalid-request",
            "detail": "no", "errors": [{"pointer": "/a", "detail": "b"}], "later": 1}"""
        error = error_of_answer(422, "Words", {"retry-after": "7", "x-request-id": "r"}, body, "http://x")
        self.assertEqual((error.code, error.status, error.detail, str(error)), ("invalid-request", 422, "no", "no"))
        self.assertEqual((error.type, error.title), ("urn:runyard:problem:invalid-request", "Wrong"))
        self.assertEqual((error.errors, error.violations), ([{"pointer": "/a", "detail": "b"}], []))
        self.assertEqual((error.retry_after, error.request_id, error.problem["later"]), (7.0, "r", 1))

    def test_what_is_not_one_is_told_apart(self):
        for body in (b"", b"<p>", b"[]", b'{"code": 1, "detail": "x"}', b'{"code": "x"}', b"\xff"):
            error = error_of_answer(404, "Not Found", {"retry-after": "Wed, 01 Jan 2098 00:00:00 GMT"}, body, "http://x")
            self.assertEqual((error.code, error.status, error.retry_after), ("unknown", 404, None))
            self.assertIn("http://x", error.detail)

    def test_an_error_passes_between_processes(self):
        for kind in (RunyardError, RunyardTimeoutError):
            error = kind("queue-full", "full", status=503, retry_after=2.0, problem={"title": "Full"})
            copy = pickle.loads(pickle.dumps(error))
            self.assertIs(type(copy), kind)
            self.assertEqual(vars(copy), vars(error))
            self.assertEqual(str(copy), "full")
        self.assertIsInstance(RunyardTimeoutError("timeout", ""), TimeoutError)


class Retries(unittest.TestCase):
    def test_pauses_grow_and_end(self):
        error = RunyardError("unknown", "", status=503)
        pauses = [pause_before(error, failures, 6) for failures in range(1, 8)]
        for pause, most in zip(pauses, (0.5, 1, 2, 4, 8, 8)):
            self.assertTrue(most / 2 <= pause <= most)
        self.assertIsNone(pauses[6])
        for status in (400, 401, 403, 404, 422, 500):
            self.assertIsNone(pause_before(RunyardError("x", "", status=status), 1, 6))
        self.assertIsNone(pause_before(RunyardError("x", "", status=429, retry_after=61), 1, 6))
        self.assertEqual(pause_before(error, 5000, 10**6, chance=1), 8)

    def test_a_refused_rate_is_waited_for_unless_it_never_passes(self):
        refused = RunyardError("rate-limited", "", status=429, retry_after=10.0)
        self.assertEqual(pause_before(refused, 8, 1, chance=0), 10)
        self.assertEqual(pause_before(refused, 8, 1, chance=1), 11)
        self.assertIsNone(pause_before(refused, 9, 1))
        self.assertIsNone(pause_before(refused, 1, 0))
        self.assertIsNone(pause_before(RunyardError("rate-limited", "", status=429), 1, 6))

    def test_what_must_not_be_done_twice_is_made_again_only_where_nothing_was_done(self):
        def is_repeated(error):
            return pause_before(error, 1, 6, repeatable=False) is not None

        self.assertTrue(is_repeated(RunyardError("queue-full", "", status=503)))
        self.assertTrue(is_repeated(RunyardError("rate-limited", "", status=429, retry_after=1.0)))
        self.assertFalse(is_repeated(RunyardError("unknown", "", status=502)))
        self.assertFalse(is_repeated(RunyardError("unreachable", "")))

    def test_a_deadline_bounds_what_is_waited(self):
        self.assertEqual(Deadline(None).within(99), 99)
        self.assertLessEqual(Deadline(3).within(99), 3)
        self.assertEqual(Deadline(0.2).whole_seconds(60), 1)
        self.assertIn(Deadline(5).whole_seconds(60), (4, 5))
        with self.assertRaises(RunyardTimeoutError):
            Deadline(0).within(1)


class Routes(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.dict("os.environ")
        patch.start()
        self.addCleanup(patch.stop)
        for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
            os.environ.pop(name, None)

    def test_addresses(self):
        for url, host, port, authority, path in (
            ("http://a.example", "a.example", 80, "a.example", ""),
            ("https://a.example/", "a.example", 443, "a.example", ""),
            ("http://[::1]:3000/run//", "::1", 3000, "[::1]:3000", "/run"),
        ):
            route = route_to(url)
            self.assertEqual((route.host, route.port, route.authority, route.path), (host, port, authority, path))
            self.assertIsNone(route.proxy)

    def test_what_is_no_address_is_refused(self):
        wrong = ("localhost:3000", "ftp://x", "", "http://", "http://x:99999", "http://a b", "http://u:p@x", "http://x/?a", "http://x\r\n")
        for url in wrong:
            with self.subTest(url), self.assertRaises(ValueError):
                route_to(url)

    def test_proxies_of_the_environment(self):
        os.environ.update(http_proxy="http://us%40r:p%3Aw@proxy.example:3128", https_proxy="proxy.example:3129", no_proxy="near.example")
        route = route_to("http://far.example/base")
        self.assertEqual((route.proxy.host, route.proxy.port), ("proxy.example", 3128))
        self.assertEqual(route.proxy.authorization, "Basic dXNAcjpwOnc=")
        self.assertEqual(route.target("/v1/jobs"), "http://far.example/base/v1/jobs")
        secure = route_to("https://far.example")
        self.assertEqual((secure.proxy.port, secure.target("/v1")), (3129, "/v1"))
        for url in ("http://near.example", "http://127.0.0.1:3000", "http://localhost"):
            self.assertIsNone(route_to(url).proxy)
        os.environ["http_proxy"] = "socks5://proxy.example:1080"
        with self.assertRaisesRegex(ValueError, "socks5"):
            route_to("http://far.example")


class Http(unittest.TestCase):
    def parse(self, data, seed=None):
        """Status, headers and body of an answer that is whole when the connection ends."""
        parser = ResponseParser()
        body = b""
        for piece in [data] if seed is None else cuts(data, seed):
            parser.feed(piece)
            body += parser.take()
        if not parser.complete:
            parser.feed(b"")
        return parser, body

    ANSWERS = (
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, b"hello", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;x=y\r\nhello\r\n00A\r\n0123456789\r\n0\r\nx: y\r\n\r\n", 200, b"hello0123456789", True),
        (b"HTTP/1.1 200\r\nconnection: Close\r\ncontent-length:2\r\n\r\nhi", 200, b"hi", False),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, b"until the end", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi", 200, b"hi", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", 304, b"", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\na: b\r\n\r\nHTTP/1.1 202 A\r\ncontent-length: 0\r\n\r\n", 202, b"", True),
    )

    def test_answers_however_they_are_cut(self):
        for data, status, body, keep_alive in self.ANSWERS:
            for seed in (None, *range(20)):
                with self.subTest(data=data, seed=seed):
                    parser, content = self.parse(data, seed)
                    self.assertEqual((parser.status, content, parser.keep_alive), (status, body, keep_alive))
                    self.assertTrue(parser.complete)
                    self.assertEqual(parser.rest(), b"")

    def test_headers_are_found_by_any_case_and_joined(self):
        parser, _ = self.parse(b"HTTP/1.1 200 OK\r\nX-A:\t1 \r\nx-a: 2\r\ncontent-length: 0\r\n\r\n")
        self.assertEqual(parser.headers["x-a"], "1, 2")

    def test_what_is_not_http_or_cut_is_an_error(self):
        for data in (
            b"",
            b"SSH-2.0-OpenSSH\r\n",
            b"HTTP/1.1 20 OK\r\n\r\n",
            b"HTTP/2 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nspace : x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-5\r\nhello",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0_5\r\nhello",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20000,
        ):
            with self.subTest(data[:60]), self.assertRaises(InvalidAnswer):
                self.parse(data)

    def test_a_header_that_would_end_the_head_is_refused(self):
        for value in ("a\r\nb: c", "é", "\0"):
            with self.assertRaises(ValueError):
                request_head("GET", "/", {"idempotency-key": value})


class ServerSentEvents(unittest.TestCase):
    def test_events_however_they_are_cut(self):
        text = '\ufeff: hi\r\nretry: 1\r\n\r\nid: 1\revent: a\rdata: {"x":\rdata: "é"}\r\rid:2\nevent: b\ndata:1\nother\n\n\n'
        whole = [{"id": "1", "type": "a", "data": {"x": "é"}}, {"id": "2", "type": "b", "data": 1}]
        for seed in range(40):
            parser = SseParser()
            events = [event for piece in cuts(text.encode(), seed) for event in parser.feed(piece)]
            self.assertEqual(events, whole, seed)

    def test_only_the_ends_of_lines_of_the_standard_end_a_line(self):
        parser = SseParser()
        self.assertEqual(parser.feed('id: 1\ndata: "a\u2028b\x85c"\n\n'.encode())[0]["data"], "a\u2028b\x85c")

    def test_data_that_is_not_json_is_a_fault_of_the_connection(self):
        with self.assertRaises(InvalidAnswer):
            SseParser().feed(b"id: 1\nevent: a\ndata: {\n\n")

    def test_an_event_that_is_cut_off_is_none(self):
        self.assertEqual(SseParser().feed(b"id: 1\nevent: a\ndata: 1\n"), [])


class WebSockets(unittest.TestCase):
    def unmasked(self, opcode, payload, final=True):
        length = len(payload)
        head = bytes([(0x80 if final else 0) | opcode])
        if length < 126:
            return head + bytes([length]) + payload
        if length < 65536:
            return head + b"\x7e" + length.to_bytes(2, "big") + payload
        return head + b"\x7f" + length.to_bytes(8, "big") + payload

    def test_messages_however_they_are_cut(self):
        long, longer = b"x" * 300, b"y" * 70000
        data = self.unmasked(1, b"one") + self.unmasked(1, b"a", final=False) + self.unmasked(9, b"p")
        data += self.unmasked(0, long) + self.unmasked(1, longer) + self.unmasked(8, b"\x03\xe8bye")
        whole = [Message(TEXT, b"one"), Message(PING, b"p"), Message(TEXT, b"a" + long), Message(TEXT, longer), Message(CLOSE, b"\x03\xe8bye")]
        for seed in range(5):
            parser = FrameParser()
            messages = [message for piece in cuts(data, seed) for message in parser.feed(piece)]
            self.assertEqual(messages, whole)
        self.assertEqual((messages[-1].close_code(), Message(CLOSE, b"").close_code()), (1000, 1005))

    def test_what_breaks_the_protocol_is_an_error(self):
        for data in (b"\x81\x81aaaab", b"\xc1\x00", b"\x82\x00", b"\x80\x00", b"\x01\x00\x01\x00", b"\x81\x7f" + b"\xff" * 8):
            with self.subTest(data), self.assertRaises(ConnectionError):
                FrameParser().feed(data)

    def test_frames_of_a_client_are_masked(self):
        for size in (0, 1, 125, 126, 65535, 65536):
            payload = bytes(index % 251 for index in range(size))
            data = frame(TEXT, payload)
            start = 2 if size < 126 else 4 if size < 65536 else 10
            self.assertTrue(data[1] & 0x80)
            mask, masked = data[start : start + 4], data[start + 4 :]
            self.assertEqual(bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked)), payload)


class ArtifactPlaces(unittest.TestCase):
    def test_an_artifact_stays_below_its_folder(self):
        self.assertEqual(place_in("/tmp/x", "a/b c.txt"), Path("/tmp/x/a/b c.txt"))
        for path in ("../a", "a/../../b", "/etc/passwd", "C:\\a", "c:a", "..\\a", "\\\\host\\share\\a", ""):
            with self.subTest(path), self.assertRaises(ValueError):
                place_in("/tmp/x", path)


class Source(unittest.TestCase):
    def test_asyncio_is_imported_with_the_client_that_needs_it(self):
        check = "import sys, runyard; print('asyncio' in sys.modules, end=' '); runyard.AsyncClient; print('asyncio' in sys.modules)"
        environ = {**os.environ, "PYTHONPATH": str(Path(runyard.__file__).parent.parent)}
        told = subprocess.run([sys.executable, "-c", check], env=environ, capture_output=True, text=True, check=True)
        self.assertEqual(told.stdout, "False True\n")
        with self.assertRaises(AttributeError):
            runyard.AsyncClent
        self.assertEqual([name for name in runyard.__all__ if not hasattr(runyard, name)], [])

    def test_it_is_python_3_9(self):
        files = sorted(Path(runyard.__file__).parent.glob("*.py"))
        self.assertGreater(len(files), 10)
        for file in files:
            ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 9))


if __name__ == "__main__":
    unittest.main()
