"""A job of every analysis succeeds when run from the archives, with the resources of this deploy."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bedrock_emulator.sample import sample_for
from stack_graph.graph import Rehearsed
from stack_graph.lambdas import EVENT_SOURCE, calls

from deploy_checks.archive import in_repository
from deploy_checks.checks import files_sql
from deploy_checks.checks.artifact_answers import handlers_answer
from deploy_checks.checks.files_text import text_of
from deploy_checks.finding import Finding, NotChecked, Verdict
from deploy_checks.jobs import Job, Outcome, run
from deploy_checks.probe import probes
from deploy_checks.product import manifest_of
from deploy_checks.subjects import product

MATERIAL = "Ann (P-1) writes on 2090-03-01: the office was closed on 2 days. She wants a new date, and $40 back."
"""The text that inputs are generated from, by their schemas."""
ANY_TEXT = r"\S"
"""The pattern of a text that is not blank."""
REFUSED = re.compile(r"permission denied for (?:table|view|sequence|function) (\w+)")
LACKS_RIGHT = (
    "The migrations grant the role less than its statement needs, or the function has another role's credentials."
)


def required(schema: Any) -> Any:
    """The schema without optional properties. A schema cannot express how they depend on each other: two ends of a
    window, for example.
    """
    if isinstance(schema, list):
        return [required(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {name: required(part) for name, part in schema.items()}
    if isinstance(kept.get("properties"), dict):
        kept["properties"] = {name: kept["properties"][name] for name in kept.get("required", [])}
    return kept


def jobs_of(analyses: Iterable[dict[str, Any]]) -> Iterator[Job]:
    """Two jobs of each analysis: with a short input, and with the largest one if that is another."""
    for one in analyses:
        short = sample_for(required(one["input_schema"]), MATERIAL)
        yield Job(one["name"], short)
        long = largest(short, one["input_schema"])
        if long != short:
            yield Job(one["name"], long, largest=True)


def largest(value: Any, schema: Any, definitions: Any = None) -> Any:
    """The value with every text of free form repeated up to its limit: a message or a request may be too large then."""
    definitions = schema.get("$defs", {}) if definitions is None else definitions
    schema = definitions.get(str(schema.get("$ref", "")).removeprefix("#/$defs/"), schema)
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        return {name: largest(part, parts.get(name, {}), definitions) for name, part in value.items()}
    if isinstance(value, list):
        return [largest(part, schema.get("items", {}), definitions) for part in value]
    limit = schema.get("maxLength", 0)
    free = isinstance(value, str) and not {"enum", "const", "format"} & schema.keys()
    if not free or schema.get("pattern", ANY_TEXT) != ANY_TEXT or len(value) >= limit:
        return value
    return (f"{value} {MATERIAL} " * (limit // len(MATERIAL) + 1))[:limit]


def jobs_succeed(rehearsed: Rehearsed) -> Iterator[Verdict]:
    """Jobs run where no other check has found an error: a job that fails would only repeat that error."""
    analyses = manifest_of(rehearsed).section("analyses")
    if not probes(rehearsed) or not analyses:
        return
    if any(probe.result is None or probe.result["import_error"] for probe in probes(rehearsed)):
        return
    if any(handlers_answer(rehearsed)) or any(found for ask in files_sql.CHECKS[:2] for found in ask(rehearsed)):
        return
    outcome = run(rehearsed, list(jobs_of(analyses)))
    if outcome.problem and outcome.doubt:
        yield NotChecked("that a real job succeeds", outcome.doubt)
    elif outcome.problem:
        file, line, cause = _cause(rehearsed, outcome)
        yield Finding(
            id="job-fails",
            severity="critical",
            file=file,
            line=line,
            message=f"The deploy succeeds, and such jobs fail. Run from the archives: {outcome.problem[:600]}{cause}",
            fix="Fix the error; ./scripts/local.sh --once scripts/examples/complaint.json reproduces it.",
        )


def _cause(rehearsed: Rehearsed, outcome: Outcome) -> tuple[str, int, str]:
    """The line of the underlying error; else of the S3 call, of the analysis, or of the worker's event source."""
    manifest = manifest_of(rehearsed)
    handler = str(probes(rehearsed)[0].function.value("handler"))
    stores = [call for function, _ in rehearsed.functions() for call in calls(rehearsed.root, function)]
    for call in stores if not outcome.stored else ():
        if call.service == "s3":
            return call.file, call.line, ""
    if cause := outcome.cause():
        text = f"\n{cause['type']}: {cause['message']}"
        if model := _model_named(rehearsed.root, manifest.file("catalogue"), str(cause["message"])):
            return manifest.file("catalogue"), model, text
        if grant := _grant(rehearsed.root / manifest.file("migrations"), str(cause["message"])):
            return str(grant[0].relative_to(rehearsed.root)), grant[1], f"{text}\n{LACKS_RIGHT}"
        file = in_repository(rehearsed.root, str(cause["file"]), handler)
        if file:
            return file, int(cause["line"]), text
    for analysis in manifest.section("analyses"):
        if analysis["name"] == outcome.analysis:
            return analysis["file"], _named(rehearsed.root / analysis["file"], outcome.analysis), ""
    for mapping in rehearsed.graph.of_type(EVENT_SOURCE):
        return mapping.file, mapping.line, ""
    return probes(rehearsed)[0].function.file, probes(rehearsed)[0].function.line, ""


def _model_named(root: Path, catalogue: str, message: str) -> int:
    """The line of the catalogue with the model that Bedrock's error names; 0 if it names none."""
    lines = enumerate(text_of(root, catalogue).splitlines(), 1)
    ids = ((number, re.search(r'"id":\s*"([^"]+)"', line)) for number, line in lines)
    named = (number for number, found in ids if found and re.search(rf"{re.escape(found[1])}(?![\w.-])", message))
    return next(named, 0)


def _grant(migrations: Path, message: str) -> tuple[Path, int] | None:
    """The last line that grants rights on the table or function that PostgreSQL's error names."""
    name = REFUSED.search(message)
    if not name:
        return None
    granted = re.compile(rf"^(?!\s*(?:--|CREATE)).*\bON (?:FUNCTION |TABLE )?{name[1]}\b.*\bTO\b")
    for file in sorted(migrations.glob("*.sql"), reverse=True):
        lines = file.read_text(encoding="utf-8").splitlines()
        numbers = [number for number, line in enumerate(lines, 1) if granted.search(line)]
        if numbers:
            return file, numbers[-1]
    return None


def _named(path: Path, analysis: str) -> int:
    """The line with the analysis's name, or 1."""
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    return next((n for n, line in lines if re.search(rf"""["']{re.escape(analysis)}["']""", line)), 1)


ABOUT = product
CHECKS = (jobs_succeed,)
