"""Sessions of both clients against a real service that has the kernel of Python."""

import asyncio
import unittest

from runyard import AsyncClient, Client, RunyardError

from .support import URL


@unittest.skipUnless(URL, "RUNYARD_URL names no service")
class Sessions(unittest.TestCase):
    def test_a_session_keeps_state_files_and_processes_until_its_block_ends(self):
        client = Client(URL)
        self.addCleanup(client.close)
        with client.sessions.create(language="python", metadata={"of": "python tests"}) as session:
            self.assertEqual(session.run_code("x = 40")["status"], "succeeded")
            execution = session.run_code("x + 2", idempotency_key="sum")
            self.assertEqual(execution["results"][0]["data"]["text/plain"], "42")
            self.assertEqual(session.run_code("x + 2", idempotency_key="sum")["id"], execution["id"])
            self.assertEqual(session.run_code("1 / 0")["error"]["name"], "ZeroDivisionError")

            seen = []
            code = "import sys; print('a'); print('b', file=sys.stderr); print(input('who? ')); 7"
            ended = session.run_code(
                code,
                on_stdout=lambda text: seen.append(("out", text)),
                on_stderr=lambda text: seen.append(("err", text)),
                on_result=lambda result: seen.append(("result", result["data"]["text/plain"])),
                on_input=lambda prompt: seen.append(("asked", prompt)) or "ada",
            )
            self.assertEqual((ended["status"], ended["stdout"]), ("succeeded", "a\nada\n"))
            self.assertEqual({kind for kind, _ in seen}, {"out", "err", "asked", "result"})
            self.assertEqual("".join(text for kind, text in seen if kind == "out"), "a\nada\n")
            self.assertIn(("asked", "who? "), seen)
            errors = []
            session.run_code("nope", on_error=errors.append)
            self.assertEqual(errors[0]["name"], "NameError")

            spun = session.run_code("while True: pass", cpu_ms=200, timeout_ms=600_000)
            self.assertEqual(spun["status"], "cpu-time-limit")

            running = session.start_code("import time; time.sleep(600)")
            self.assertIn(session.execution(running["id"])["state"], ("queued", "running"))
            session.contexts.interrupt()
            self.assertEqual(session.wait_execution(running["id"])["status"], "interrupted")
            listed = {one["id"]: one for one in session.executions()}
            self.assertNotIn("stdout", listed[running["id"]])
            self.assertEqual(session.complete("import os; os.getc")["matches"], ["getcwd", "getcwdb"])
            self.assertTrue(session.inspect("print")["found"])

            other = session.contexts.create("other")
            self.assertEqual(session.run_code("x", context=other["id"])["error"]["name"], "NameError")
            self.assertEqual(session.contexts.restart("other")["state"], "idle")
            session.contexts.remove("other")
            self.assertEqual([one["id"] for one in session.contexts.list()], ["default"])

            files = session.files
            self.assertEqual(files.write("in/a b.bin", bytes(range(256)), mode=0o600), 256)
            self.assertEqual(files.read("in/a b.bin"), bytes(range(256)))
            self.assertEqual(files.read("in/a b.bin", 3, 5), b"\x03\x04\x05")
            self.assertEqual(b"".join(files.stream("in/a b.bin", 250)), bytes(range(250, 256)))
            watch = files.watch(recursive=True)
            self.assertEqual([one["id"] for one in files.watches()], [watch["id"]])
            files.make_folder("out")
            changes = []
            for event in files.watch_events(watch["id"]):
                is_first = not changes
                changes += event["data"].get("changes", [])
                if is_first and changes:
                    self.assertEqual(files.unwatch(watch["id"])["state"], "ended")
            self.assertEqual((changes[0]["change"], changes[0]["path"]), ("created", "out"))
            files.move("in/a b.bin", "out/c")
            self.assertEqual([(one["name"], one["mode"]) for one in files.list("out")], [("c", "0600")])
            files.remove("out", recursive=True)
            with self.assertRaises(RunyardError) as raised:
                files.read("out/c")
            self.assertEqual(raised.exception.code, "not-found")

            sent = session.contexts.send_comm("comm_open", {"comm_id": "c", "target_name": "none", "data": {}})
            caused = (one["data"] for one in session.events() if one["data"].get("parent") == sent["id"])
            self.assertEqual(next(one for one in caused if one["type"] == "comm_close")["content"]["comm_id"], "c")

            commands = session.commands
            self.assertEqual(commands.run(["echo", "a b"])["stdout"], "a b\n")
            lines = []
            done = commands.run("cat; echo oh >&2; exit 3", stdin="abc", on_stdout=lines.append)
            self.assertEqual((done["exitCode"], "".join(lines), done["stderr"]), (3, "abc", "oh\n"))
            cat = commands.start("cat", interactive=True, background=True)
            commands.write(cat["id"], b"x\n", end=True)
            self.assertEqual(commands.wait(cat["id"])["stdout"], "x\n")
            held = commands.start("sleep 600", columns=100)
            commands.resize(held["id"], 132, 43)
            commands.signal(held["id"], "SIGKILL", tree=True)
            self.assertEqual([one["type"] for one in commands.stream(held["id"])][-1], "command")
            self.assertEqual(commands.get(held["id"])["signal"], "SIGKILL")
            self.assertEqual(len(commands.list()), 4)

            shell = commands.start(["sh", "-c", "stty size; read line; stty size; echo got $line"], columns=100, rows=30)
            screen = b""
            with commands.terminal(shell["id"]) as terminal:
                for event in terminal:
                    screen += event["data"] if event["type"] == "data" else b""
                    if event["type"] == "data" and screen.endswith(b"30 100\r\n"):
                        terminal.resize(132, 43)
                        terminal.write("ada\r")
                ended = terminal.result()
            self.assertEqual((ended["id"], ended["exitCode"]), (shell["id"], 0))
            self.assertEqual(screen, b"30 100\r\nada\r\n43 132\r\ngot ada\r\n")
            with commands.terminal(shell["id"]) as again:
                self.assertEqual(b"".join(one["data"] for one in again if one["type"] == "data"), screen)
                with self.assertRaises(RunyardError) as raised:
                    again.write("x")
                self.assertEqual(raised.exception.code, "already-ended")
            with self.assertRaises(RunyardError) as raised:
                commands.terminal(cat["id"]).result()
            self.assertEqual(raised.exception.code, "not-waiting")

            files.write("kept/a", b"kept")
            kept = session.snapshot(name="kept.tar", ttl_seconds=600)
            self.assertEqual(kept["name"], "kept.tar")
            with client.sessions.create(language="python", kernel=False, snapshot=kept["id"]) as again:
                self.assertEqual(again.files.read("kept/a"), b"kept")

            self.assertEqual(session.extend(idle_timeout_ms=60_000)["idleTimeoutMs"], 60_000)
            self.assertIn(session.id, [one["id"] for one in client.sessions.list(state="running")])
        self.assertEqual(session.read()["reason"], "deleted")
        self.assertEqual([one["type"] for one in session.events()][-1], "ended")
        self.assertEqual(client.sessions.end(session.id), client.sessions.get(session.id))

    def test_with_asyncio_too(self):
        async def main():
            async with AsyncClient(URL) as client, await client.sessions.create(language="python") as session:
                seen = []

                async def note(text):
                    seen.append(text)

                async def answer(prompt):
                    return prompt.upper()

                ended = await session.run_code("print(input('hm'))", on_stdout=note, on_input=answer)
                assert (ended["stdout"], "".join(seen)) == ("HM\n", "HM\n"), (ended, seen)
                assert (await session.run_code("_ = 1; 5"))["results"][0]["data"]["text/plain"] == "5"
                await session.files.write("a", b"abc")
                assert b"".join([piece async for piece in session.files.stream("a", 1)]) == b"bc"
                done = await session.commands.run("cat a", on_stdout=seen.append)
                assert (done["stdout"], seen[-1]) == ("abc", "abc")
                cat = await session.commands.start("stty -echo; echo ready; cat", columns=80)
                async with session.commands.terminal(cat["id"]) as terminal:
                    screen = b""
                    async for event in terminal:
                        if event["type"] != "data":
                            continue
                        screen += event["data"]
                        if screen.endswith(b"ready\r\n"):
                            await terminal.write(b"\xff\r")
                        elif screen.endswith(b"\xff\r\n"):
                            await terminal.signal("SIGKILL")
                    assert (await terminal.result())["signal"] == "SIGKILL"
                    assert screen == b"ready\r\n\xff\r\n", screen
                execution = await session.start_code("1")
                assert [one["type"] async for one in session.stream_execution(execution["id"])][-1] == "execution"
                return await session.read()

        self.assertEqual(asyncio.run(main())["state"], "running")

    def test_names_that_a_request_cannot_have_are_refused_before_anything_is_sent(self):
        with self.assertRaisesRegex(TypeError, "'idle_timeout_ms'; did you mean 'idleTimeoutMs'"):
            Client("http://127.0.0.1:9").sessions.create(idle_timeout_ms=5)
        with self.assertRaisesRegex(TypeError, "'from_'; did you mean 'snapshot'"):
            Client("http://127.0.0.1:9").sessions.create(from_="a file")
        with self.assertRaisesRegex(TypeError, "limits has no field 'memory'"):
            Client("http://127.0.0.1:9").sessions.create(limits={"memory": 5})


if __name__ == "__main__":
    unittest.main()
