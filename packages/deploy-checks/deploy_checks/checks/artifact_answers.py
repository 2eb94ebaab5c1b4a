"""Every handler answers the events that its callers in the graph will send, without access to AWS."""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from stack_graph.events import Sample
from stack_graph.graph import Rehearsed

from deploy_checks.checks.artifact_environment import missing
from deploy_checks.finding import Finding, finding_at
from deploy_checks.probe import Probe, probes, source_of
from deploy_checks.product import manifest_of
from deploy_checks.subjects import python

type Answered = tuple[Sample, dict[str, Any]]

CODE_ERRORS = {"AttributeError", "ImportError", "ModuleNotFoundError", "NameError", "SyntaxError", "UnboundLocalError"}
"""Errors that neither a missing network nor an event of unknown shape explains."""
UNREACHABLE = {"ConnectionRefusedError", "EndpointConnectionError", "ConnectTimeoutError", "gaierror"}
"""Errors of a call to a service: none can be reached here. The real jobs show what the code does with them."""


def handlers_answer(rehearsed: Rehearsed) -> Iterable[Finding]:
    """The handler answers each event. The same error with several events is one finding."""
    routes = manifest_of(rehearsed).section("routes") or {"keys": ()}  # ``missing-route`` reports these
    for probe in probes(rehearsed):
        if probe.result is None or probe.result["import_error"] or _lacks_variables(probe):
            continue
        answers = list(zip(probe.samples, probe.result["answers"], strict=True))
        unknown = next((answer.get("value") for sample, answer in answers if sample.kind == "no-route"), None)
        yield from _failures(rehearsed, probe, answers)
        for sample, answer in answers:
            if "value" in answer:
                yield from _judged(rehearsed, probe, sample, answer["value"], unknown)
        yield from _undeployed_routes(answers, routes["keys"])


def _lacks_variables(probe: Probe) -> bool:
    """Whether ``artifact_environment`` already reports why it cannot answer."""
    return any(read["how"] == "item" or read["how"] == "contains" for read in missing(probe).values())


def _failures(rehearsed: Rehearsed, probe: Probe, answers: list[Answered]) -> Iterator[Finding]:
    failed: dict[tuple[str, int, str], list[str]] = {}
    for sample, answer in answers:
        if problem := _problem(sample, answer):
            caught = answer.get("raised") if "unserialisable" not in answer else None
            error = answer.get("error") or caught or {"file": None, "line": 1}
            file, line = source_of(rehearsed, probe, error)
            failed.setdefault((file, line, f"{problem}{_logged(probe, answer)}"), []).append(sample.name)
    for (file, line, problem), names in failed.items():
        yield Finding(
            id="handler-fails",
            severity="critical",
            file=file,
            line=line,
            message=f"{probe.artifact.function}, called with {', '.join(names)}: {problem}",
            fix="Fix the handler: no missing service explains this.",
        )


def _judged(rehearsed: Rehearsed, probe: Probe, sample: Sample, value: object, unknown: object) -> Iterator[Finding]:
    specific = sample.kind == "route" and sample.name != "$default" and "+}" not in sample.name
    if specific and sample.source and _is_404(value) and _same(value, unknown):
        yield Finding(
            id="route-unknown-to-handler",
            severity="critical",
            file=sample.source.file,
            line=sample.source.line,
            message=f"{sample.name} is routed to {probe.artifact.function}, whose code does not know this route: "
            "each request gets 404.",
            fix="Name the route as the handler does, including its parameters.",
        )
    if sample.kind == "batch" and sample.source and _report_is_ignored(sample, value):
        yield finding_at(
            sample.source,
            "no-partial-responses",
            "critical",
            f"{probe.artifact.function} reports messages that failed, and {sample.name} ignores the report: "
            "the whole batch is deleted, and failed messages are lost",
            'Set functionResponseTypes: ["ReportBatchItemFailures"], or batch: { partialResponses: true }.',
        )
    if sample.kind == "batch" and sample.source and (problem := _lost_messages(sample, value)):
        file, line = source_of(rehearsed, probe, {"file": None, "line": 1})
        yield Finding(
            id="batch-failures-not-reported",
            severity="critical",
            file=file,
            line=line,
            message=f"{probe.artifact.function} reports batch item failures to {sample.name}, but {problem}.",
            fix='Answer {"batchItemFailures": [{"itemIdentifier": messageId}, ...]} with each message that failed.',
        )


def _problem(sample: Sample, answer: dict[str, Any]) -> str | None:
    """The problem with an answer, for every kind of event; ``None`` if there is none."""
    if sample.kind == "no-route":
        return None
    if "unserialisable" in answer:
        return f"Runtime.MarshalError: Unable to marshal response: {answer['unserialisable']}"
    if error := answer.get("error"):
        chain = error["chain"]
        if any(link["type"] in UNREACHABLE for link in chain):
            return None
        raised = "; from ".join(f"{error['type']}: {error['message']}" for error in chain)
        if sample.kind in ("route", "batch") or any(link["type"] in CODE_ERRORS for link in chain[:1] + chain[-1:]):
            return f"it raises {raised}"
        return None
    if sample.kind == "route":
        value = answer["value"]
        status = value.get("statusCode") if isinstance(value, dict) else None
        if not isinstance(status, int) or isinstance(status, bool):
            return f"it answers {json.dumps(value)[:200]}, whose statusCode is not an integer"
        if not isinstance(value.get("body", ""), str):
            return f"its body is not a string but {type(value['body']).__name__}: API Gateway answers 500 instead"
        if status == 500:
            return f"it answers 500: {str(value.get('body'))[:300]}"
    return None


def _logged(probe: Probe, answer: dict[str, Any]) -> str:
    """The error that the function caught, or the last error in its log."""
    if "value" not in answer:
        return ""
    if raised := answer.get("raised"):
        return f"\nCaused by: {raised['chain'][0]['type']}: {raised['chain'][0]['message'][:300]}"
    errors = [line for line in probe.log.splitlines() if re.search(r"ERROR|Traceback|Error:", line)]
    return f"\nIts log: {errors[-1][:600]}" if errors else ""


def _is_404(value: object) -> bool:
    return isinstance(value, dict) and value.get("statusCode") == 404


def _same(value: Any, unknown: Any) -> bool:
    return isinstance(unknown, dict) and value.get("body") == unknown.get("body")


def _report_is_ignored(sample: Sample, value: object) -> bool:
    types = sample.source.texts("functionResponseTypes") if sample.source else []
    return isinstance(value, dict) and "batchItemFailures" in value and "ReportBatchItemFailures" not in types


def _lost_messages(sample: Sample, value: object) -> str | None:
    """Why messages would be lost, or delivered again although done; ``None`` if neither happens."""
    if sample.source is None or "ReportBatchItemFailures" not in sample.source.texts("functionResponseTypes"):
        return None
    failures = value.get("batchItemFailures") if isinstance(value, dict) else None
    failed = {record["messageId"] for record in sample.event["Records"]}
    try:
        named = {failure["itemIdentifier"] for failure in failures or []}
    except (KeyError, TypeError):
        return f"answers {json.dumps(value)[:200]}, which Lambda cannot read: the whole batch is delivered again"
    if failed <= named:
        return None
    return (
        f"answers {json.dumps(value)[:200]} to two invalid messages: SQS deletes them, and they do not reach the "
        "dead-letter queue"
    )


def _undeployed_routes(answers: list[Answered], reported: Collection[str]) -> Iterator[Finding]:
    """Paths in the API's OpenAPI document that have no route, and that no other check reports."""
    deployed = {*reported, *(sample.name for sample, _ in answers)}
    for sample, answer in answers:
        for method, path in _described(answer.get("value")):
            if f"{method} {path}" in deployed or f"ANY {path}" in deployed or sample.source is None:
                continue
            yield Finding(
                id="route-not-deployed",
                severity="critical",
                file=sample.source.file,
                line=sample.source.line,
                message=f"{sample.name} describes {method} {path}, and has no route: clients get 404.",
                fix=f'Add api.route("{method} {path}", ...).',
            )


def _described(value: Any) -> Iterator[tuple[str, str]]:
    try:
        document = json.loads(value["body"])
        paths = document["paths"] if "openapi" in document else {}
        for path, operations in paths.items():
            for method in operations:
                if method in ("get", "put", "post", "delete", "patch"):
                    yield method.upper(), path
    except (KeyError, TypeError, ValueError):
        return


ABOUT = python
CHECKS = (handlers_answer,)
