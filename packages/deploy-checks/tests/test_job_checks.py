"""Real jobs, run from archives: code that breaks them is reported at its line.

That the jobs of the unchanged product succeed is shown by ``scripts/test.sh``, which runs the command on every stage.
"""

import gzip
import json
import zipfile
from pathlib import Path

import pytest
from deploy_checks.checks.artifact_jobs import required
from deploy_checks.jobs import run
from stack_graph.graph import Artifact, Graph, Rehearsed

ROOT = Path(__file__).parents[3]
GRAPH = ROOT / "tests/infra/data/graph-dev.json.gz"
TEXT = {"summary": {"text": "The boiler failed on Monday. A new valve is on order."}}

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
    ran = run(deploy(tmp_path, "Body=content,", "Content=content,"), TEXT)
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
