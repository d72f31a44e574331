"""What programs for Judge0, Piston and SandboxFusion do with their own clients, against the gateway named in argv."""

import asyncio
import sys

import judge0
import pyston
import ultra_piston
from calls import cannot, differs, works
from sandbox_fusion import RunCodeRequest, RunJupyterRequest, SummaryMapping, run_code, run_code_async, run_concurrent, run_jupyter, set_endpoint, summary_run_code_result
from sandbox_fusion.models import RunStatus
from ultra_piston.errors import BadRequestError

base = sys.argv[1]


def with_judge0() -> None:
    client = judge0.Client(f"{base}/judge0")
    assert client.version == "1.13.1", client.version
    assert client.is_language_supported(judge0.PYTHON)

    hello = judge0.run(client=client, source_code="print('hello, Judge0')", language=judge0.PYTHON)
    assert hello.stdout == "hello, Judge0\n", hello
    assert hello.status == judge0.Status.ACCEPTED, hello

    compiled = judge0.run(
        client=client,
        source_code='#include <stdio.h>\nint main(int argc, char **argv) { puts(argv[1]); }',
        language=judge0.C,
        command_line_arguments="argument",
        compiler_options="-O1",
    )
    assert compiled.stdout == "argument\n", compiled

    cases = [judge0.TestCase("tool", "tool"), ("a", "b"), {"input": "x", "expected_output": "x"}]
    results = judge0.run(client=client, source_code="print(input())", test_cases=cases, language=judge0.PYTHON)
    assert [result.status for result in results] == [
        judge0.Status.ACCEPTED,
        judge0.Status.WRONG_ANSWER,
        judge0.Status.ACCEPTED,
    ], results

    several = [
        judge0.Submission(source_code=f"print({number})", language=judge0.PYTHON, cpu_time_limit=2)
        for number in range(25)
    ]
    ran = judge0.run(client=client, submissions=several)
    assert [one.stdout for one in ran] == [f"{number}\n" for number in range(25)], ran

    files = judge0.Filesystem(content=[judge0.File(name="data.txt", content="from a file")])
    read = judge0.run(
        client=client,
        source_code="print(open('data.txt').read())",
        additional_files=files,
        language=judge0.PYTHON,
    )
    assert read.stdout == "from a file\n", read

    broken = judge0.run(client=client, source_code="int main() {", language=judge0.C)
    assert broken.status == judge0.Status.COMPILATION_ERROR and broken.compile_output, broken
    with_examples_of_judge0(client)
    works("judge0", "run", "run: test cases", "run: several submissions, in batches", "run: additional_files", "run: compiler_options, command_line_arguments", "is_language_supported", "a compilation error")


def with_examples_of_judge0(client: judge0.Client) -> None:
    """What the package's own description shows, in the languages that are installed here.

    Each names its language: without one, the package takes Python with libraries for machine learning, which only Judge0 Extra CE has.
    """
    result = judge0.run(client=client, source_code="print('hello, world')", language=judge0.PYTHON)
    assert (result.stdout, result.time > 0, result.memory > 0) == ("hello, world\n", True, True), result
    # Files after the run are of later versions than the one that is served.
    assert list(result) == []
    cannot("judge0", "files after the run", "Judge0 1.13.1, which is served, has none")

    adds = """
#include <stdio.h>

int main() {
    int a, b;
    scanf("%d %d", &a, &b);
    printf("%d\\n", a + b);
    char name[10];
    scanf("%s", name);
    printf("Hello, %s!\\n", name);
    return 0;
}
"""
    added = judge0.run(client=client, source_code=adds, stdin="\n3 5\nBob\n", language=judge0.C)
    assert added.stdout == "8\nHello, Bob!\n", added

    greets = "#include <stdio.h>\nint main() { char name[10]; scanf(\"%s\", name); printf(\"Hello, %s!\\n\", name); }"
    submissions = [
        judge0.Submission(source_code="print(f'Hello, {input()}!')", language=judge0.PYTHON),
        judge0.Submission(source_code=greets, language=judge0.C),
    ]
    cases = [("Bob", "Hello, Bob!"), ("Alice", "Hello, Alice!"), ("Charlie", "Hello, Charlie!")]
    results = judge0.run(client=client, submissions=submissions, test_cases=cases)
    assert [one.stdout for one in results] == [f"{said}\n" for _, said in cases] * 2, results
    assert {one.status for one in results} == {judge0.Status.ACCEPTED}, results

    submission = judge0.async_run(client=client, source_code="print('hello, world')", language=judge0.PYTHON)
    assert submission.stdout is None
    judge0.wait(client=client, submissions=submission)
    assert submission.stdout == "hello, world\n", submission
    assert {"C", "Python"} <= {language.name.split(" (")[0] for language in client.get_languages()}
    assert client.get_about()["version"] == "1.13.1"
    works("judge0", "async_run", "wait", "get_languages", "get_about")


async def with_pyston() -> None:
    client = pyston.PystonClient(base_url=f"{base}/piston/api/v2/")
    try:
        assert "python" in {runtime.language for runtime in await client.runtimes()}
        output = await client.execute("python", [pyston.File("print(input())")], stdin="hello, Piston")
        assert str(output.run_stage.output).strip() == "hello, Piston", output
    finally:
        await client.close_session()
    works("aiopyston", "runtimes", "execute")


async def with_ultra_piston() -> None:
    client = ultra_piston.PistonClient(base_url=f"{base}/piston/api/v2/", rate_limit=0)
    python = next(runtime for runtime in client.get_runtimes() if runtime.language == "python")
    assert any(package.installed for package in client.get_packages())
    file = ultra_piston.File(content="import sys; print(input(), *sys.argv[1:]); sys.exit(3)")
    output = client.post_execute("python", python.version, file, stdin="in", args=["a", "b c"])
    assert (output.run.stdout, output.run.code, output.run.signal) == ("in a b c\n", 3, None), output
    compiled = await client.post_execute_async("c", "*", ultra_piston.File(name="main.c", content="int main() {"))
    assert compiled.compile.code != 0 and "error" in compiled.compile.stderr, compiled
    try:
        client.post_execute("nonesuch", "1", file)
        raise SystemExit("an unknown language was taken")
    except BadRequestError:
        pass
    works("ultra-piston", "get_runtimes", "get_packages", "post_execute", "post_execute_async", "an unknown language")


def with_sandbox_fusion() -> None:
    set_endpoint(f"{base}/sandboxfusion")
    good = run_code(RunCodeRequest(code="print(int(input()) + 1)", language="python", stdin="41"), max_attempts=1)
    assert good.status == RunStatus.Success and good.run_result.stdout == "42\n", good
    late = run_code(RunCodeRequest(code="while True: pass", language="python", run_timeout=0.5), max_attempts=1)
    assert late.status == RunStatus.Failed and late.run_result.status == "TimeLimitExceeded", late
    files = RunCodeRequest(code="open('b', 'w').write(open('a').read())", language="python", files={"a": "aGk="}, fetch_files=["b"])
    assert run_code(files, max_attempts=1).files == {"b": "aGk="}
    words = SummaryMapping(Success="good", Failed="bad", RunTimeout="late", CompileFailed="broken")
    assert [summary_run_code_result(one, words) for one in (good, late)] == ["good", "late"]
    failed = run_code(RunCodeRequest(code="process.exit(3)", language="nodejs"), max_attempts=1)
    assert (failed.status, failed.run_result.return_code) == (RunStatus.Failed, 3), failed
    many = [[RunCodeRequest(code=f"print({number})", language="python")] for number in range(20)]
    assert [one.run_result.stdout for one in run_concurrent(run_code, args=many)] == [f"{number}\n" for number in range(20)]
    same = asyncio.run(run_code_async(RunCodeRequest(code="echo $((6 * 7))", language="bash")))
    assert same.run_result.stdout == "42\n", same
    cells = ["a = 123", "a", "print(a)", "raise RuntimeError('bad')", "_ = open('b', 'w').write(open('a').read())"]
    asked = RunJupyterRequest(cells=cells, files={"a": "aGk="}, fetch_files=["b", "none"])
    told = run_jupyter(asked, max_attempts=1)
    assert (told.status, told.driver.status, told.files) == (RunStatus.Success, "Finished", {"b": "aGk="}), told
    assert [cell.display for cell in told.cells][:2] == [[], [{"text/plain": "123"}]], told.cells
    assert [cell.stdout for cell in told.cells] == ["", "", "123\n", "", ""], told.cells
    assert [error["ename"] for cell in told.cells for error in cell.error] == ["RuntimeError"], told.cells
    stuck = run_jupyter(RunJupyterRequest(cells=["while True: pass"], total_timeout=2), max_attempts=1)
    assert (stuck.status, stuck.driver.status) == (RunStatus.Failed, "TimeLimitExceeded"), stuck
    works("sandbox-fusion", "run_code", "run_code: files, fetch_files", "run_code_async", "run_concurrent", "run_jupyter", "summary_run_code_result")


with_judge0()
asyncio.run(with_pyston())
asyncio.run(with_ultra_piston())
with_sandbox_fusion()
