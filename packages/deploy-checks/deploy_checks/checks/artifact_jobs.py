"""A real job of every analysis runs through the very archives, wired as this deploy would be."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bedrock_emulator.sample import sample_for
from stack_graph.graph import Rehearsed
from stack_graph.lambdas import EVENT_SOURCE, calls

from deploy_checks.archive import in_repository
from deploy_checks.checks import files_sql
from deploy_checks.checks.artifact_answers import handlers_answer
from deploy_checks.checks.files_code import probed
from deploy_checks.checks.files_models import MODELS
from deploy_checks.checks.files_text import text_of
from deploy_checks.finding import Finding
from deploy_checks.jobs import Ran, run
from deploy_checks.probe import probes

MATERIAL = "Ann (P-1) writes on 2090-03-01: the office was closed on 2 days. She wants a new date, and $40 back."
"""What inputs are made of, by their schemas."""


def required(schema: Any) -> Any:
    """The schema without what may be missing: properties that no schema tells apart, such as a window's two ends."""
    if isinstance(schema, list):
        return [required(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: required(part) for name, part in schema.items()}
    if isinstance(kept.get("properties"), dict):
        kept["properties"] = {name: kept["properties"][name] for name in kept.get("required", [])}
    return kept


def jobs_succeed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """What the functions do when nothing is away: where something else is broken already, that is told instead."""
    if not probes(rehearsed) or not probed(rehearsed).get("inputs"):
        return
    if any(probe.result is None or probe.result["import_error"] for probe in probes(rehearsed)):
        return
    if any(handlers_answer(rehearsed)) or any(found for ask in files_sql.CHECKS[:2] for found in ask(rehearsed)):
        return
    inputs = {name: sample_for(required(schema), MATERIAL) for name, schema in probed(rehearsed)["inputs"].items()}
    ran = run(rehearsed, inputs)
    if ran.problem and ran.doubt:
        print(f"NOT CHECKED: that a real job succeeds ({ran.doubt})", file=sys.stderr)  # noqa: T201 - for people
    elif ran.problem:
        file, line, told = _cause(rehearsed, ran)
        yield Finding(
            id="job-fails",
            severity="critical",
            file=file,
            line=line,
            message=f"The deploy says OK, and no such job succeeds. Run from the archives: {ran.problem[:600]}{told}",
            fix="Mend what the error names; ./scripts/local.sh --once scripts/examples/complaint.json shows it too.",
        )


def _cause(rehearsed: Rehearsed, ran: Ran) -> tuple[str, int, str]:
    """The line of the error behind it; else what stores, the analysis, or what brings messages to the worker."""
    handler = str(probes(rehearsed)[0].function.value("handler"))
    stores = [call for function, _ in rehearsed.functions() for call in calls(rehearsed.root, function)]
    for call in stores if not ran.stored else ():
        if call.service == "s3":
            return call.file, call.line, ""
    if cause := ran.cause():
        told = f"\n{cause['type']}: {cause['told']}"
        if model := _model_named(rehearsed.root, str(cause["told"])):
            return MODELS, model, told
        file = in_repository(rehearsed.root, str(cause["file"]), handler)
        if file:
            return file, int(cause["line"]), told
    for path in sorted((rehearsed.root / "functions/pipeline/analyses").glob("*.py")):
        if ran.analysis and (at := _named(path, ran.analysis)):
            return str(path.relative_to(rehearsed.root)), at, ""
    for mapping in rehearsed.graph.of_type(EVENT_SOURCE):
        return mapping.file, mapping.line, ""
    return probes(rehearsed)[0].function.file, probes(rehearsed)[0].function.line, ""


def _model_named(root: Path, words: str) -> int:
    """The line of catalogue.json with a model that Bedrock objects to."""
    lines = enumerate(text_of(root, MODELS).splitlines(), 1)
    ids = ((number, re.search(r'"id":\s*"([^"]+)"', line)) for number, line in lines)
    return next((number for number, found in ids if found and re.search(rf"{re.escape(found[1])}(?![\w.-])", words)), 0)


def _named(path: Path, analysis: str) -> int:
    lines: list[Any] = path.read_text(encoding="utf-8").splitlines()
    return next((n for n, line in enumerate(lines, 1) if re.search(rf"""["']{re.escape(analysis)}["']""", line)), 0)


CHECKS = (jobs_succeed,)
