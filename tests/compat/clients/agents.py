"""smolagents' executor for E2B, as its agents use it. The environment says where, as E2B's own documentation has it."""

from calls import differs, works
from smolagents import tool
from smolagents.agents import FinalAnswerTool
from smolagents.monitoring import AgentLogger, LogLevel
from smolagents.remote_executors import E2BExecutor
from smolagents.utils import AgentError


@tool
def double(number: int) -> int:
    """Doubles a number.

    Args:
        number: any number
    """
    return number * 2


executor = E2BExecutor([], AgentLogger(level=LogLevel.OFF))
try:
    assert executor("x = 20\nprint('so')\nx + 1").output == "21"
    assert executor("print('kept', x)").logs == "kept 20\n"
    try:
        executor("1 / 0")
        raise SystemExit("the error was not told")
    except AgentError as error:
        assert "ZeroDivisionError" in str(error), error
    works("smolagents", "E2BExecutor: code, state, logs", "E2BExecutor: errors")
    executor.send_variables({"names": ["Ada", "Grace"], "pair": (1, 2)})
    assert executor("names[1], pair").output == "('Grace', (1, 2))"
    executor.send_tools({"double": double})
    assert executor("double(number=x)").output == "40"
    works("smolagents", "send_variables", "send_tools")
    # What this tool sends imports numpy and PIL, which the kernel has only if its operator adds them.
    missing = executor("from importlib.util import find_spec; not all(find_spec(name) for name in ('numpy', 'PIL'))")
    if missing.output == "False":
        executor.send_tools({"final_answer": FinalAnswerTool()})
        answer = executor("final_answer({'is': double(number=x), 'of': pair})")
        assert answer.is_final_answer and answer.output == {"is": 40, "of": (1, 2)}, answer
    else:
        try:
            executor.send_tools({"final_answer": FinalAnswerTool()})
            raise SystemExit("it needs neither numpy nor PIL any more: docs/compatibility/README.md says that it does")
        except AgentError as error:
            assert "ModuleNotFoundError" in str(error), error
finally:
    executor.cleanup()

