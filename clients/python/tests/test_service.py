"""Both clients against a real service without keys, whose address is in RUNYARD_URL."""

import asyncio
import json
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

from runyard import AsyncClient, Client, RunyardError, verify_webhook

from .support import URL, Relay, answer_with, blocking_async_client, pass_on


class Jobs:
    """Tests that hold for either client; `self.open(url)` makes one."""

    def setUp(self):
        self.client = self.open(URL)

    def test_run_gives_the_finished_job_also_of_a_program_that_fails(self):
        job = self.client.run(language="python", code="print(input())\nexit(3)", stdin="hällo")
        self.assertEqual((job["state"], job["status"]), ("finished", "failed"))
        self.assertEqual((job["stages"][0]["stdout"], job["stages"][0]["exitCode"]), ("hällo\n", 3))

    def test_run_gives_up_at_its_timeout_and_the_job_goes_on(self):
        with self.assertRaises(RunyardError) as raised:
            self.client.run(language="bash", code="sleep 4", timeout=1.5)
        self.assertEqual(raised.exception.code, "timeout")
        job = next(iter(self.client.list(language="bash")))
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
            events = list(self.open(relay.url).stream(job["id"]))
            self.assertEqual(len(relay.seen), 3)
            self.assertIsNotNone(relay.seen[1][2].get("last-event-id"))
        self.assertEqual(events, list(self.client.stream(job["id"])))

    def test_files_are_stored_listed_read_used_and_removed(self):
        files = self.client.files
        content = bytes(i * 7919 % 256 for i in range(300_000))
        made = files.put(content, "a b.png", content_type="image/png", ttl_seconds=600)
        self.assertEqual((made["name"], made["bytes"], made["contentType"]), ("a b.png", 300_000, "image/png"))
        self.assertEqual(files.get(made["id"]), made)
        self.assertEqual(next(iter(files.list()))["id"], made["id"])
        self.assertEqual(files.read(made["id"]), content)
        self.assertEqual(files.read(made["id"], 10, 19), content[10:20])
        self.assertEqual(b"".join(files.stream(made["id"], 299_000)), content[299_000:])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "data.csv")
            path.write_bytes(b"1,2\n")
            stored = files.put(path)
            self.assertEqual(stored["name"], "data.csv")
            self.assertEqual(files.save(stored["id"], Path(folder, "copy")).read_bytes(), b"1,2\n")
            with path.open("rb") as opened:
                opened.read(2)
                self.assertEqual(files.put(opened)["bytes"], 2)
        program = {"path": "main.py", "content": "print(open('data.csv').read().strip())"}
        job = self.client.run(language="python", files=[program, {"path": "data.csv", "id": stored["id"]}])
        self.assertEqual(job["stages"][0]["stdout"], "1,2\n")
        for file in list(files.list()):
            files.remove(file["id"])
        with self.assertRaises(RunyardError) as raised:
            files.get(made["id"])
        self.assertEqual(raised.exception.code, "not-found")

    def test_what_is_sent_again_because_its_answer_was_lost_runs_once(self):
        def lose(handler, count, request):
            if count > 2:
                return pass_on(handler, request)
            urlopen(request, timeout=70).read()

        mark = f"sent thrice by {type(self).__name__}"
        with Relay(lose) as relay:
            job = self.open(relay.url).run(language="python", code="print(1)", metadata={"mark": mark})
            keys = [headers["idempotency-key"] for _method, _path, headers in relay.seen]
        self.assertEqual((len(keys), len(set(keys))), (3, 1))
        marked = [one["id"] for one in self.client.list() if one["metadata"].get("mark") == mark]
        self.assertEqual(marked, [job["id"]])

    def test_a_service_that_is_busy_is_tried_again_after_what_it_says(self):
        times = []

        def busy(handler, count, request):
            times.append(time.monotonic())
            if count > 1:
                return pass_on(handler, request)
            answer_with(handler, 503, {"retry-after": "1"})

        with Relay(busy) as relay:
            self.assertGreater(len(self.open(relay.url).runtimes()), 3)
        self.assertGreaterEqual(times[1] - times[0], 1)

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
        mark = type(self).__name__
        later = {"language": "bash", "code": "exit 9", "delayMs": 3_600_000, "endUser": f"pages of {mark}"}
        batches = [self.client.batch([{**later, "metadata": {"page": n}} for n in numbers]) for numbers in (range(60), range(60, 120))]
        pages = [job["metadata"]["page"] for job in self.client.list(end_user=f"pages of {mark}")]
        self.assertEqual(sorted(pages), list(range(120)))
        for batch in batches:
            self.client.cancel_batch(batch["id"])
        self.assertEqual(list(self.client.list(state="queued", end_user=f"pages of {mark}")), [])

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

    def test_a_batch_is_run_to_its_end(self):
        batch = self.client.run_batch({"language": "bash", "code": f"exit {n}"} for n in range(2))
        self.assertEqual([job["stages"][0]["exitCode"] for job in batch["jobs"]], [0, 1])

    def test_tests_within_a_job(self):
        tests = [{"name": "right", "stdin": "2", "expectedOutput": "4"}, {"stdin": "3", "expectedOutput": "10"}]
        job = self.client.run(language="python", code="print(int(input()) ** 2)", tests=tests)
        self.assertEqual(job["status"], "wrong-answer")
        self.assertEqual([(stage["test"]["name"], stage["status"]) for stage in job["stages"]], [("right", "succeeded"), (None, "wrong-answer")])

    def test_an_idempotency_key_of_ones_own(self):
        key = f"once-{time.time_ns()}"
        jobs = [self.client.submit(language="bash", code="true", idempotency_key=key) for _ in range(2)]
        self.assertEqual(jobs[0]["id"], jobs[1]["id"])
        with self.assertRaises(RunyardError) as raised:
            self.client.submit(language="bash", code="false", idempotency_key=key)
        self.assertEqual((raised.exception.code, raised.exception.status), ("idempotency-mismatch", 422))

    def test_a_kept_request_can_be_run_again(self):
        job = self.client.run(language="python", code="print(input())", stdin="again", keepRequest=True)
        again = self.client.run(**self.client.get_request(job["id"]))
        self.assertEqual(again["stages"][0]["stdout"], "again\n")

    def test_artifacts_are_streamed_and_saved(self):
        code = "import os\nos.mkdir('out')\nfor n in 'ab':\n  open(f'out/{n}', 'wb').write(n.encode() * 300_000)"
        job = self.client.run(language="python", code=code, artifacts=["out/*"])
        pieces = list(self.client.stream_artifact(job["id"], "out/a"))
        self.assertEqual(b"".join(pieces), b"a" * 300_000)
        self.assertGreater(len(pieces), 1)
        with tempfile.TemporaryDirectory() as folder:
            places = self.client.save_artifacts(job, folder)
            self.assertEqual(sorted(places), [Path(folder, "out", name) for name in "ab"])
            self.assertEqual(Path(folder, "out", "b").read_bytes(), b"b" * 300_000)

    def test_an_interactive_job(self):
        code = "name = input('Name? ')\nprint(f'Hello, {name}!', flush=True)\nimport sys\nprint(len(sys.stdin.read()))"
        with self.client.interactive(language="python", code=code) as job:
            job.write("Ädä\n")
            job.write(b"x" * 600_000)
            job.end()
            text = "".join(event["data"]["data"] for event in job if event["type"] == "stdout")
            self.assertEqual(text, "Name? Hello, Ädä!\n600000\n")
            self.assertEqual(job.result()["status"], "succeeded")

    def test_signals_and_a_terminal(self):
        # At a terminal Python has its own writer, which refuses a print() that a signal brings into another.
        code = (
            "import os, signal, sys, time\n"
            "def tell(*_):\n"
            "    os.write(1, b'%d %d\\n' % os.get_terminal_size()[::-1])\n"
            "    sys.exit(7)\n"
            "signal.signal(signal.SIGUSR1, tell)\n"
            "print('ready', flush=True)\n"
            "while True: time.sleep(0.05)\n"
        )
        with self.client.interactive(language="python", code=code, terminal={"columns": 80, "rows": 24}) as job:
            text = ""
            for event in job:
                if event["type"] != "stdout":
                    continue
                text += event["data"]["data"]
                if text == "ready\r\n":
                    job.resize(100, 40)
                    job.signal("SIGUSR1")
            self.assertEqual(text, "ready\r\n40 100\r\n")
            self.assertEqual(job.result()["stages"][0]["exitCode"], 7)

    def test_a_job_that_was_left_can_be_joined_again(self):
        with self.client.interactive(language="bash", code="read a; echo got $a") as job:
            next(iter(job))
        with self.client.connect(job.id) as again:
            again.write("it\n")
            self.assertEqual([event["data"]["data"] for event in again if event["type"] == "stdout"], ["got it\n"])

    def test_a_job_that_is_not_interactive_takes_no_input(self):
        job = self.client.submit(language="bash", code="sleep 3")
        with self.client.connect(job["id"]) as talk, self.assertRaises(RunyardError) as raised:
            talk.write("x")
        self.assertEqual(raised.exception.code, "not-interactive")
        self.client.cancel(job["id"])

    def test_webhooks(self):
        with Receiver() as receiver:
            secret = self.client.webhook_secret()["secret"]
            job = self.client.run(language="bash", code="echo hi", webhook={"url": receiver.url})
            headers, body = receiver.next()
            event = verify_webhook(headers, body, secret)
            self.assertEqual((event["type"], event["data"]["id"], event["data"]["status"]), ("job.finished", job["id"], "succeeded"))

            delivery = next(one for one in self.client.webhook_deliveries() if one["jobId"] == job["id"])
            self.assertEqual(self.client.webhook_delivery(delivery["id"])["payload"], event)
            self.client.redeliver_webhook(delivery["id"])
            self.assertEqual(receiver.next()[1], body)

            self.assertEqual(self.client.test_webhook(receiver.url)["event"], "webhook.test")
            self.assertEqual(json.loads(receiver.next()[1])["type"], "webhook.test")

            rotated = self.client.rotate_webhook_secret()
            self.assertEqual(rotated["previous"][0]["secret"], secret)
            self.client.test_webhook(receiver.url)
            self.assertEqual(verify_webhook(*receiver.next(), rotated["secret"])["type"], "webhook.test")
        pending = self.client.test_webhook(receiver.url)
        self.assertEqual(self.client.cancel_webhook_delivery(pending["id"])["state"], "cancelled")
        self.assertIn(pending["id"], [one["id"] for one in self.client.webhook_deliveries(state="cancelled")])


@unittest.skipUnless(URL, "RUNYARD_URL names no service")
class SyncJobs(Jobs, unittest.TestCase):
    def open(self, url, **options):
        client = Client(url, **options)
        self.addCleanup(client.close)
        return client

    def test_one_thread_writes_while_another_reads(self):
        code = "import sys\nfor line in sys.stdin: print(line.strip()[::-1], flush=True)"
        with self.client.interactive(language="python", code=code) as job:
            lines = []

            def follow():
                lines.extend(event["data"]["data"] for event in job if event["type"] == "stdout")

            thread = threading.Thread(target=follow)
            thread.start()
            for word in ("ab", "cd", "ef"):
                job.write(f"{word}\n")
            job.end()
            thread.join(60)
            self.assertEqual("".join(lines), "ba\ndc\nfe\n")


@unittest.skipUnless(URL, "RUNYARD_URL names no service")
class AsyncJobs(Jobs, unittest.TestCase):
    def open(self, url, **options):
        return blocking_async_client(self, url, **options)

    def test_one_task_writes_while_another_reads(self):
        code = "import sys\nfor line in sys.stdin: print(line.strip()[::-1], flush=True)"

        async def main():
            async with AsyncClient(URL) as client, await client.interactive(language="python", code=code) as job:

                async def follow():
                    return "".join([event["data"]["data"] async for event in job if event["type"] == "stdout"])

                following = asyncio.ensure_future(follow())
                for word in ("ab", "cd", "ef"):
                    await job.write(f"{word}\n")
                await job.end()
                return await following

        self.assertEqual(asyncio.run(main()), "ba\ndc\nfe\n")

    def test_many_jobs_at_once(self):
        async def main():
            async with AsyncClient(URL) as client:
                return await asyncio.gather(*(client.run(language="bash", code=f"echo {n}") for n in range(30)))

        self.assertEqual([job["stages"][0]["stdout"] for job in asyncio.run(main())], [f"{n}\n" for n in range(30)])

    def test_a_job_goes_on_when_its_task_is_cancelled(self):
        async def main():
            async with AsyncClient(URL) as client:
                key = f"left-{time.time_ns()}"
                request = {"language": "bash", "code": "sleep 2; echo done", "idempotency_key": key}
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(client.run(**request), 0.7)
                return await client.run(**request)

        job = asyncio.run(main())
        self.assertEqual((job["stages"][0]["stdout"], job["attempt"]), ("done\n", 1))


class Receiver:
    """Takes webhooks, and answers 204."""

    def __init__(self):
        self._taken = []
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(204)
                self.end_headers()
                with receiver._changed:
                    receiver._taken.append((dict(self.headers), body))
                    receiver._changed.notify_all()

            def log_message(self, *_args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def next(self):
        """Headers and body of the next one."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._taken, timeout=60):
                raise AssertionError("no webhook came")
            return self._taken.pop(0)

    def __enter__(self):
        return self

    def __exit__(self, *_args):
        self._server.shutdown()
        self._server.server_close()


if __name__ == "__main__":
    unittest.main()
