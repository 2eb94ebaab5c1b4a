"""Real jobs, run from archives: code that breaks them is reported at its line.

That the jobs of the unchanged product succeed is shown by ``scripts/test.sh``, which runs the command on every stage.
"""

import gzip
import json
import re
import zipfile
from pathlib import Path

import pytest
from deploy_checks.checks.artifact_jobs import _grant, jobs_of, required
from deploy_checks.jobs import Job, Outcome, run
from stack_graph.graph import Artifact, Graph, Rehearsed

ROOT = Path(__file__).parents[3]
GRAPH = ROOT / "tests/infra/data/graph-dev.json.gz"
TEXT = {"text": "The boiler failed on Monday. A new valve is on order."}

pytestmark = pytest.mark.timeout(180)


def deploy(folder: Path, old: str, new: str) -> Rehearsed:
    """The deploy of ``dev`` with changed code, in one archive for all functions: their code and the migrations."""
    archive, changed = folder / "code.zip", False
    with zipfile.ZipFile(archive, "w") as into:
        for base, pattern in ((ROOT / "functions", "pipeline/**/*"), (ROOT, "database/migrations/*.sql")):
            for file in sorted(base.glob(pattern)):
                if file.is_file() and "__pycache__" not in file.parts:
                    content = file.read_bytes()
                    replaced = content.replace(old.encode(), new.encode())
                    changed |= replaced != content
                    into.writestr(str(file.relative_to(base)), replaced)
    assert changed, f"no module contains {old!r}"
    graph = Graph(json.loads(gzip.decompress(GRAPH.read_bytes())))
    return Rehearsed(folder, "dev", graph, (Artifact("ApiHandler", archive),))


def test_cause_of_a_failed_job_is_its_line(tmp_path: Path) -> None:
    ran = run(deploy(tmp_path, "Body=content,", "Content=content,"), [Job("summary", TEXT)])
    cause = ran.cause()
    assert cause is not None, ran.problem
    assert (cause["file"], cause["type"]) == ("pipeline/jobs/adapters/results.py", "ParamValidationError")
    assert 'Unknown parameter in input: "Content"' in cause["message"]
    assert ran.problem


def test_inputs_have_only_required_properties() -> None:
    part = {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]}
    schema = {"$defs": {"Part": part}, "properties": {"parts": {}, "note": {}}, "required": ["parts"]}
    kept = required(schema)
    assert list(kept["properties"]) == ["parts"]
    assert list(kept["$defs"]["Part"]["properties"]) == ["a"]


def test_an_analysis_runs_with_a_short_and_with_the_largest_input() -> None:
    text = {"type": "string", "minLength": 1, "maxLength": 2_000, "pattern": r"\S"}
    kind = {"type": "string", "enum": ["a", "b"], "maxLength": 9}
    page = {"type": "object", "properties": {"text": text, "kind": kind}, "required": ["text", "kind"]}
    listed = {"type": "array", "items": {"$ref": "#/$defs/Page"}, "minItems": 1}
    schema = {"$defs": {"Page": page}, "properties": {"pages": listed}, "required": ["pages"]}
    short, largest = jobs_of([{"name": "pages", "input_schema": {"type": "object", **schema}}])
    assert len(short.input["pages"][0]["text"]) < 300
    assert {len(one["text"]) for one in largest.input["pages"]} == {2_000}
    assert largest.input["pages"][0]["kind"] == short.input["pages"][0]["kind"]
    assert str(largest) == "pages with the largest input"


def test_an_analysis_without_limits_runs_once() -> None:
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    assert len(list(jobs_of([{"name": "counts", "input_schema": schema}]))) == 1


def test_cause_is_an_error_of_the_jobs_and_not_one_that_the_start_has_handled() -> None:
    at = {"file": "pipeline/platform/pipelining.py", "line": 1, "own_type": False}
    early = {**at, "type": "DatabaseError", "message": "password authentication failed"}
    late = {**at, "type": "JobFailed", "message": "invalid_output", "own_type": True}
    assert Outcome(raised=[early, late], handled=1).cause() == late
    assert Outcome(raised=[early], handled=1).cause() == early


@pytest.mark.parametrize("table", ["model_slots", "jobs", "usage_of"])
def test_a_missing_right_is_reported_at_its_grant(table: str) -> None:
    found = _grant(ROOT / "database/migrations", f"{{'C': '42501', 'M': 'permission denied for table {table}'}}")
    assert found is not None
    file, line = found
    assert re.search(
        rf"ON (FUNCTION )?{table}\b.* TO pipeline_", file.read_text(encoding="utf-8").splitlines()[line - 1]
    )


def test_an_unknown_table_has_no_grant() -> None:
    assert _grant(ROOT / "database/migrations", "permission denied for table no_such_table") is None
