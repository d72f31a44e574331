"""What programs for Judge0, Piston and SandboxFusion do with their own clients, against the gateway named in argv."""

import asyncio
import sys

import judge0
import pyston
from sandbox_fusion import RunCodeRequest, run_code, set_endpoint
from sandbox_fusion.models import RunStatus

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

    files = judge0.Filesystem(content=judge0.File("data.txt", "from a file"))
    read = judge0.run(
        client=client,
        source_code="print(open('data.txt').read())",
        additional_files=files,
        language=judge0.PYTHON,
    )
    assert read.stdout == "from a file\n", read

    broken = judge0.run(client=client, source_code="int main() {", language=judge0.C)
    assert broken.status == judge0.Status.COMPILATION_ERROR and broken.compile_output, broken
    print("judge0: works")


async def with_pyston() -> None:
    client = pyston.PystonClient(base_url=f"{base}/piston/api/v2/")
    try:
        assert "python" in {runtime.language for runtime in await client.runtimes()}
        output = await client.execute("python", [pyston.File("print(input())")], stdin="hello, Piston")
        assert str(output.run_stage.output).strip() == "hello, Piston", output
    finally:
        await client.close_session()
    print("pyston: works")


def with_sandbox_fusion() -> None:
    set_endpoint(f"{base}/sandboxfusion")
    good = run_code(RunCodeRequest(code="print(int(input()) + 1)", language="python", stdin="41"), max_attempts=1)
    assert good.status == RunStatus.Success and good.run_result.stdout == "42\n", good
    late = run_code(RunCodeRequest(code="while True: pass", language="python", run_timeout=0.5), max_attempts=1)
    assert late.status == RunStatus.Failed and late.run_result.status == "TimeLimitExceeded", late
    files = RunCodeRequest(code="open('b', 'w').write(open('a').read())", language="python", files={"a": "aGk="}, fetch_files=["b"])
    assert run_code(files, max_attempts=1).files == {"b": "aGk="}
    print("sandbox-fusion: works")


with_judge0()
asyncio.run(with_pyston())
with_sandbox_fusion()
