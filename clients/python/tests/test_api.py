"""The client has all that the API offers, by the document of a running service."""

import inspect
import json
import re
import typing
import unittest
from collections.abc import Sequence
from operator import attrgetter
from urllib.request import urlopen

from runyard import Client, InteractiveJob, types

from .support import URL

METHODS = {
    "post /v1/jobs": ("submit", "run", "interactive"),
    "get /v1/jobs": ("list",),
    "get /v1/jobs/{id}": ("get", "wait"),
    "delete /v1/jobs/{id}": ("cancel",),
    "get /v1/jobs/{id}/events": ("stream",),
    "get /v1/jobs/{id}/request": ("get_request",),
    "get /v1/jobs/{id}/io": ("connect",),
    "get /v1/jobs/{id}/artifacts/{path}": ("artifact", "stream_artifact", "save_artifact", "save_artifacts"),
    "post /v1/files": ("files.put",),
    "get /v1/files": ("files.list",),
    "get /v1/files/{id}": ("files.get",),
    "delete /v1/files/{id}": ("files.remove",),
    "get /v1/files/{id}/content": ("files.read", "files.stream", "files.save"),
    "post /v1/batches": ("batch", "run_batch"),
    "get /v1/batches/{id}": ("get_batch", "wait_batch"),
    "get /v1/batches/{id}/events": ("stream_batch",),
    "delete /v1/batches/{id}": ("cancel_batch",),
    "post /v1/problems": ("create_problem", "validate_problem"),
    "get /v1/problems": ("problems",),
    "get /v1/problems/{id}": ("problem",),
    "put /v1/problems/{id}": ("replace_problem",),
    "get /v1/problems/{id}/archive": ("export_problem",),
    "post /v1/problems/{id}/check": ("check_problem",),
    "get /v1/problems/{id}/check": ("problem_check",),
    "post /v1/problems/{id}/rejudge": ("rejudge_problem",),
    "post /v1/problems/{id}/similarity": ("compare_submissions",),
    "get /v1/problems/{id}/similarity": ("similarity",),
    "get /v1/problems/{id}/similarity/report": ("similarity_report",),
    "delete /v1/problems/{id}": ("delete_problem",),
    "get /v1/runtimes": ("runtimes",),
    "post /v1/environments": ("create_environment",),
    "get /v1/environments": ("environments",),
    "get /v1/environments/{id}": ("environment",),
    "get /v1/environments/{id}/events": ("environment_events",),
    "delete /v1/environments/{id}": ("delete_environment",),
    "post /v1/browser-tokens": ("create_browser_token",),
    "get /v1/webhook-secret": ("webhook_secret",),
    "post /v1/webhook-secret/rotate": ("rotate_webhook_secret",),
    "get /v1/webhook-deliveries": ("webhook_deliveries",),
    "get /v1/webhook-deliveries/{id}": ("webhook_delivery",),
    "post /v1/webhook-deliveries/{id}/redeliver": ("redeliver_webhook",),
    "post /v1/webhook-deliveries/{id}/cancel": ("cancel_webhook_delivery",),
    "post /v1/webhook-test": ("test_webhook",),
    "post /v1/sessions": ("sessions.create",),
    "get /v1/sessions": ("sessions.list",),
    "get /v1/sessions/{id}": ("sessions.get", "session.read"),
    "patch /v1/sessions/{id}": ("session.extend",),
    "delete /v1/sessions/{id}": ("sessions.end", "session.end"),
    "get /v1/sessions/{id}/events": ("session.events",),
    "post /v1/sessions/{id}/executions": ("session.run_code", "session.start_code"),
    "get /v1/sessions/{id}/executions": ("session.executions",),
    "get /v1/sessions/{id}/executions/{execution}": ("session.execution", "session.wait_execution"),
    "get /v1/sessions/{id}/executions/{execution}/events": ("session.stream_execution",),
    "post /v1/sessions/{id}/executions/{execution}/input": ("session.answer_input",),
    "post /v1/sessions/{id}/complete": ("session.complete",),
    "post /v1/sessions/{id}/inspect": ("session.inspect",),
    "post /v1/sessions/{id}/contexts": ("session.contexts.create",),
    "get /v1/sessions/{id}/contexts": ("session.contexts.list",),
    "post /v1/sessions/{id}/contexts/{context}/interrupt": ("session.contexts.interrupt",),
    "post /v1/sessions/{id}/contexts/{context}/restart": ("session.contexts.restart",),
    "delete /v1/sessions/{id}/contexts/{context}": ("session.contexts.remove",),
    "post /v1/sessions/{id}/contexts/{context}/comms": ("session.contexts.send_comm",),
    "post /v1/sessions/{id}/commands": ("session.commands.run", "session.commands.start"),
    "get /v1/sessions/{id}/commands": ("session.commands.list",),
    "get /v1/sessions/{id}/commands/{command}": ("session.commands.get", "session.commands.wait"),
    "get /v1/sessions/{id}/commands/{command}/events": ("session.commands.stream",),
    "post /v1/sessions/{id}/commands/{command}/stdin": ("session.commands.write",),
    "post /v1/sessions/{id}/commands/{command}/signals": ("session.commands.signal",),
    "put /v1/sessions/{id}/commands/{command}/terminal": ("session.commands.resize",),
    "get /v1/sessions/{id}/commands/{command}/terminal": ("session.commands.terminal",),
    "get /v1/sessions/{id}/files": ("session.files.list",),
    "get /v1/sessions/{id}/files/{path}": ("session.files.read", "session.files.stream"),
    "put /v1/sessions/{id}/files/{path}": ("session.files.write",),
    "delete /v1/sessions/{id}/files/{path}": ("session.files.remove",),
    "post /v1/sessions/{id}/moves": ("session.files.move",),
    "post /v1/sessions/{id}/folders": ("session.files.make_folder",),
    "post /v1/sessions/{id}/snapshot": ("session.snapshot",),
    "post /v1/sessions/{id}/watches": ("session.files.watch",),
    "get /v1/sessions/{id}/watches": ("session.files.watches",),
    "get /v1/sessions/{id}/watches/{watch}/events": ("session.files.watch_events",),
    "delete /v1/sessions/{id}/watches/{watch}": ("session.files.unwatch",),
}

# Requests take None for an absent member, and tuples for lists; answers do not have the one, and are not the other.
REQUESTS = (
    *("LimitOverrides", "RequestFile", "RequestTest", "Webhook", "TerminalSize", "CodeRequest", "ContainerRequest"),
    *("TestLimits", "RequestGroup", "Checker", "Interactor", "SessionRequest", "SessionWebhook"),
)
ANSWERS = (
    *("Limits", "Finding", "FieldError", "StageTest", "StageSummary", "Stage", "Artifact", "Job", "JobSummary"),
    *("StoredFile", "AcceptedBatch", "Batch", "Runtime", "TenantSecrets", "Attempt", "Delivery", "WholeDelivery", "WebhookBody"),
    *("WebhookTestBody", "StateEvent", "StageEvent", "OutputEvent", "WarningEvent", "PackagesEvent"),
    *("GapEvent", "ResultEvent"),
    *("CheckTimes", "TestJudging", "GroupJudging", "JobJudging", "StoredProblem", "Environment"),
    *("Session", "Execution", "ExecutionSummary", "Context", "Command", "CommandSummary", "FileEntry", "Completion", "Inspection", "FileChange", "Watch", "SentComm"),
)
SCALARS = {"string": str, "integer": int, "number": float, "boolean": bool}


# Parameters of a query by which the client reads pages, waits, and goes on where a connection was lost.
MEANS = ("limit", "cursor", "wait", "after")
# Those that have a method of their own.
BY_ITSELF = (("post /v1/problems", "validate"),)


@unittest.skipUnless(URL, "RUNYARD_URL names no service")
class Coverage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with urlopen(f"{URL}/openapi.json", timeout=30) as answer:
            cls.document = json.load(answer)
        cls.schemas = cls.document["components"]["schemas"]

    def test_there_is_a_method_for_each_operation(self):
        operations = {
            f"{method} {path}"
            for path, methods in self.document["paths"].items()
            # Operators have the dashboard.
            if path.startswith("/v1/") and not path.startswith("/v1/admin/")
            for method in methods
        }
        self.assertEqual(operations, set(METHODS))
        client = Client("http://127.0.0.1:3000")
        session = client.sessions.open("one")
        for name in (name for names in METHODS.values() for name in names):
            owner, method = (session, name[len("session.") :]) if name.startswith("session.") else (client, name)
            self.assertTrue(callable(attrgetter(method)(owner)), name)

    def test_and_a_parameter_of_one_for_each_of_its_query(self):
        client = Client("http://127.0.0.1:3000")
        session = client.sessions.open("one")
        for operation, names in METHODS.items():
            method, path = operation.split(" ")
            taken = set()
            for name in names:
                owner, member = (session, name[len("session.") :]) if name.startswith("session.") else (client, name)
                taken |= set(inspect.signature(attrgetter(member)(owner)).parameters)
            for parameter in self.document["paths"][path][method].get("parameters", []):
                name = parameter["name"]
                if parameter["in"] != "query" or name in MEANS or (operation, name) in BY_ITSELF:
                    continue
                snake = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
                self.assertIn(snake, taken, f"{operation}: {name}")

    def test_types_are_those_of_the_document(self):
        for name in (*REQUESTS, *ANSWERS):
            with self.subTest(name):
                self.hold(getattr(types, name), self.schemas[name], name, name in REQUESTS)

    def test_so_are_the_messages_to_interactive_jobs(self):
        self.hold(types.Signal, self.schemas["SignalMessage"]["properties"]["signal"], "Signal", False)
        for name, method in (("stdin", "write"), ("eof", "end"), ("signal", "signal"), ("resize", "resize")):
            self.assertIn(f"{name.capitalize()}Message", self.schemas)
            self.assertTrue(callable(getattr(InteractiveJob, method)))

    def hold(self, kind, schema, where, asks):
        """Fails unless the type says what the schema says."""
        schema = self.resolve(schema)
        origin, args = typing.get_origin(kind), typing.get_args(kind)
        if kind is typing.Any:
            return
        if origin is typing.Union:
            kinds = [one for one in args if one is not type(None)]
            schemas = [one for one in map(self.resolve, schema.get("anyOf", [schema])) if one.get("type") != "null"]
            has_null = len(schemas) < len(schema.get("anyOf", [schema]))
            self.assertTrue(asks or has_null == (len(kinds) < len(args)), f"{where}: null")
            self.assertEqual(len(kinds), len(schemas), where)
            for one, other in zip(kinds, schemas):
                self.hold(one, other, where, asks)
        elif origin is typing.Literal:
            values = schema["enum"] if "enum" in schema else [schema["const"]]
            self.assertEqual(sorted(args), sorted(values), where)
        elif hasattr(kind, "__required_keys__"):
            members = typing.get_type_hints(kind)
            # An event's id is that of the stream.
            names = set(members) - ({"id"} if where.endswith("Event") else set())
            self.assertEqual(names, set(schema["properties"]), where)
            self.assertEqual(set(kind.__required_keys__) & names, set(schema.get("required", [])), f"{where}: required")
            for name in names:
                self.hold(members[name], schema["properties"][name], f"{where}.{name}", asks)
        elif schema["type"] == "array":
            self.assertIs(origin, Sequence if asks else list, where)
            self.hold(args[0], schema["items"], f"{where}[]", asks)
        elif schema["type"] == "object":
            self.assertIs(args[0], str, where)
        else:
            self.assertIs(kind, SCALARS[schema["type"]], where)

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        return schema


if __name__ == "__main__":
    unittest.main()
