"""What programs for E2B do with its packages from PyPI. The environment says where, as E2B's own documentation has it."""

import asyncio
import os
import sys
import time

from calls import cannot, differs, works
from e2b import CommandExitException, FileNotFoundException, FilesystemEventType, NotFoundException, SandboxQuery, SandboxState, TimeoutException
from e2b import Sandbox as Plain
from e2b_code_interpreter import AsyncSandbox, Sandbox

# What a name server does for the names of sandboxes.
options = {"proxy": os.environ["RUNYARD_PROXY"]} if "RUNYARD_PROXY" in os.environ else {}


def raises(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected")


INTERPRETER = "e2b-code-interpreter"


def with_code(sandbox: Sandbox) -> None:
    sandbox.run_code("x = 40")
    seen = []
    execution = sandbox.run_code("import sys\nprint('hällo'); print('err', file=sys.stderr)\nx + 2", on_stdout=lambda one: seen.append(one.line))
    assert execution.text == "42", execution
    assert execution.logs.stdout == ["hällo\n"] and execution.logs.stderr == ["err\n"], execution.logs
    assert seen == ["hällo\n"] and execution.execution_count == 2, execution.execution_count
    failed = sandbox.run_code("1 / 0")
    assert failed.error.name == "ZeroDivisionError" and "ZeroDivisionError" in failed.error.traceback, failed
    rich = sandbox.run_code("from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))\n{'a': 1}")
    assert [one.html or one.text for one in rich.results] == ["<b>x</b>", "{'a': 1}"], rich.results
    environment = "import os; os.environ['OF'] + os.environ.get('ONE', '-')"
    assert sandbox.run_code(environment, envs={"ONE": "1"}).text == "sandbox1"
    assert sandbox.run_code(environment).text == "sandbox-"
    works(INTERPRETER, "Sandbox.create", "run_code", "run_code: on_stdout", "run_code: error with traceback", "run_code: HTML and text", "run_code: envs")
    raises(TimeoutException, lambda: sandbox.run_code("import time; time.sleep(100_000)", timeout=2))
    assert sandbox.run_code("x").text == "40"
    works(INTERPRETER, "run_code: timeout, state stays")
    context = sandbox.create_code_context(language="python")
    assert sandbox.run_code("x", context=context).error.name == "NameError"
    assert [one.id for one in sandbox.list_code_contexts()] == ["default", context.id]
    sandbox.restart_code_context(context)
    sandbox.remove_code_context(context)
    raises(NotFoundException, lambda: sandbox.run_code("1", context=context))
    differs(INTERPRETER, "list_code_contexts", "one context at the start, `default`; upstream has one each of Python and JavaScript")
    works(INTERPRETER, "create_code_context", "run_code: context", "restart_code_context", "remove_code_context")


def with_files(sandbox: Sandbox) -> None:
    assert sandbox.files.write("dir/a.txt", "text ä").path == "/job/dir/a.txt"
    assert sandbox.files.read("dir/a.txt") == "text ä"
    content = bytes(index % 251 for index in range(700_000))
    sandbox.files.write("/home/user/dir/b.bin", content)
    assert sandbox.files.read("dir/b.bin", format="bytes") == content
    assert b"".join(sandbox.files.read("dir/b.bin", format="stream")) == content
    sandbox.files.write("dir/packed", "packed", gzip=True)
    assert sandbox.files.read("dir/packed", gzip=True) == "packed"
    sandbox.files.write_files([{"path": "many/1", "data": "one"}, {"path": "many/2", "data": b"two"}])
    assert [one.name for one in sandbox.files.list("many")] == ["1", "2"]
    assert sandbox.files.exists("dir/a.txt") and not sandbox.files.exists("nonesuch")
    assert sandbox.files.get_info("dir/a.txt").size == 7
    assert sandbox.files.make_dir("made") is True
    assert sandbox.files.make_dir("made") is False
    assert sandbox.files.rename("dir/a.txt", "dir/c.txt").path == "/job/dir/c.txt"
    sandbox.files.remove("made")
    raises(FileNotFoundException, lambda: sandbox.files.read("nonesuch"))
    differs("e2b", "paths in answers", "`/job/...`, which is the home folder; `/home/user/...` and `~` mean it in calls")
    works("e2b", "files.write", "files.write: gzip", "files.write_files", "files.read", "files.read: bytes, stream, gzip", "files.list", "files.exists", "files.get_info", "files.make_dir", "files.rename", "files.remove")
    sandbox.files.make_dir("watched/deep")
    watch = sandbox.files.watch_dir("watched", recursive=True)
    sandbox.files.write("watched/deep/a", "one")
    seen = []
    while not seen:
        seen += watch.get_new_events()
        time.sleep(0.1)
    assert {one.name for one in seen} == {"deep/a"} and seen[0].type == FilesystemEventType.CREATE, seen
    watch.stop()
    raises(FileNotFoundException, lambda: sandbox.files.watch_dir("nonesuch"))
    differs("e2b", "files.watch_dir, get_new_events, stop", "folders are looked at some times a second: what comes and goes between two looks is not told, and changes of rights never are")


def with_commands(sandbox: Sandbox) -> None:
    result = sandbox.commands.run('echo "$NAME"; pwd; echo err >&2', envs={"NAME": "name ä"}, cwd="/home/user/dir")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "name ä\n/job/dir\n", "err\n"), result
    assert raises(CommandExitException, lambda: sandbox.commands.run("exit 3")).exit_code == 3
    raises(TimeoutException, lambda: sandbox.commands.run("sleep 100000", timeout=2))
    reader = sandbox.commands.run('read line; echo "got $line"; cat', background=True, stdin=True)
    assert reader.pid in [one.pid for one in sandbox.commands.list()]
    sandbox.commands.send_stdin(reader.pid, "one\n")
    sandbox.commands.stream_input(reader.pid, iter(["two\n", b"three\n"]))
    sandbox.commands.close_stdin(reader.pid)
    assert reader.wait().stdout == "got one\ntwo\nthree\n"
    endless = sandbox.commands.run("sleep 100000", background=True, timeout=0)
    joined = sandbox.commands.connect(endless.pid)
    assert endless.kill() is True
    raises(CommandExitException, joined.wait)
    assert sandbox.commands.kill(endless.pid) is False
    works("e2b", "commands.run: envs, cwd", "commands.run: exit code", "commands.run: timeout", "commands.run: background, stdin", "commands.list", "commands.send_stdin", "commands.stream_input", "commands.close_stdin", "commands.connect", "commands.kill")

    from e2b import PtySize

    screen = []
    terminal = sandbox.pty.create(PtySize(rows=20, cols=90))
    sandbox.pty.resize(terminal.pid, PtySize(rows=43, cols=132))
    sandbox.pty.send_stdin(terminal.pid, b"stty size; exit 0\n")
    terminal.wait(on_pty=lambda data: screen.append(data))
    assert b"43 132" in b"".join(screen), screen
    works("e2b", "pty.create", "pty.resize", "pty.send_stdin")


def with_service(sandbox: Sandbox) -> None:
    info = sandbox.get_info()
    assert (info.template_id, info.metadata, info.state) == ("code-interpreter-v1", {"of": "clients"}, SandboxState.RUNNING), info
    sandbox.set_timeout(600)
    assert sandbox.get_info().end_at > info.end_at
    pages = Sandbox.list(query=SandboxQuery(metadata={"of": "clients"}, state=[SandboxState.RUNNING]), limit=1, **options)
    assert [one.sandbox_id for one in pages.next_items()] == [sandbox.sandbox_id]
    [metric] = sandbox.get_metrics()
    assert 0 < metric.mem_used < metric.mem_total and metric.cpu_used_pct >= 0, metric
    assert Sandbox.connect(sandbox.sandbox_id, **options).run_code("x").text == "40"
    assert sandbox.is_running()
    works("e2b", "get_info", "set_timeout", "Sandbox.list", "Sandbox.connect", "is_running")
    differs("e2b", "get_metrics", "what is used now; earlier figures are not kept")
    raises(Exception, sandbox.pause)
    cannot("e2b", "pause", "501: what runs in a sandbox cannot be kept; with the mode `filesystem` its files are")
    snapshot = sandbox.create_snapshot(name="python-clients")
    differs("e2b", "create_snapshot", "files without what runs")
    assert [one.snapshot_id for one in sandbox.list_snapshots().next_items()] == [snapshot.snapshot_id]
    copy = Sandbox.create(snapshot.snapshot_id, timeout=120, envs={"OF": "copy"}, **options)
    try:
        assert copy.files.read("dir/c.txt") == "text ä"
        assert Sandbox.delete_snapshot(snapshot.snapshot_id, **options) is True
        assert Sandbox.delete_snapshot(snapshot.snapshot_id, **options) is False
        works("e2b", "list_snapshots", "Sandbox.create: a snapshot", "delete_snapshot")
        assert copy.pause(mode="filesystem") is True
        assert copy.pause(mode="filesystem") is False
        assert not copy.is_running()
        resumed = Sandbox.connect(copy.sandbox_id, timeout=120, **options)
        assert resumed.files.read("dir/c.txt") == "text ä"
        assert resumed.run_code("import os; os.environ['OF']").text == "copy"
        works("e2b", "pause: filesystem", "Sandbox.connect: a paused one")
    finally:
        copy.kill()
    plain = Plain.create("base", timeout=60, **options)
    assert plain.commands.run("echo plain").stdout == "plain\n"
    assert plain.kill() is True
    assert plain.kill() is False
    works("e2b", "Sandbox.create: base", "kill")


async def with_asyncio() -> None:
    sandbox = await AsyncSandbox.create(timeout=60, **options)
    try:
        assert (await sandbox.run_code("1 + 1")).text == "2"
        await sandbox.files.write("a", "b")
        assert await sandbox.files.read("a") == "b"
        assert (await sandbox.commands.run("cat a")).stdout == "b"
        works(INTERPRETER, "AsyncSandbox: create, run_code, files, commands, kill")
    finally:
        await sandbox.kill()


sandbox = Sandbox.create(timeout=300, metadata={"of": "clients"}, envs={"OF": "sandbox"}, **options)
try:
    with_code(sandbox)
    with_files(sandbox)
    with_commands(sandbox)
    with_service(sandbox)
    running = sandbox.commands.run("sleep 100000", background=True, timeout=0)
    assert sandbox.kill() is True
    raises(Exception, running.wait)
    assert not sandbox.is_running()
    raises(TimeoutException, lambda: sandbox.files.read("x"))
    raises(NotFoundException, lambda: Sandbox.connect(sandbox.sandbox_id, **options))
    works("e2b", "errors of a sandbox that ended")
finally:
    sandbox.kill()
asyncio.run(with_asyncio())
# pyqwest, by which the package sends, aborts some interpreters at their end, with any server or none.
sys.stdout.flush()
os._exit(0)
