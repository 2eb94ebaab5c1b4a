"""The workflows that deploy have only the permissions that they need."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def workflow(path: Path) -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load(path.read_text())
    return content


def test_only_deploy_workflows_may_assume_an_aws_role() -> None:
    granted = {path.name: [job.get("permissions", {}) for job in workflow(path)["jobs"].values()] for path in WORKFLOWS}
    assert {name for name, jobs in granted.items() if any("id-token" in job for job in jobs)} == {
        "deploy.yml",
        "rollback.yml",
    }


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_has_least_privilege(path: Path) -> None:
    content = workflow(path)
    assert content["permissions"] in ({}, {"contents": "read"})
    for job in content["jobs"].values():
        allowed = job.get("permissions", {})
        assert {name for name, right in allowed.items() if right == "write"} <= {"id-token"}
        assert job["timeout-minutes"] <= 90
        for step in job["steps"]:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step.get("uses", f"a/b@{'0' * 40}"))
            # Inputs are passed as environment variables, never in the text of a script.
            assert "${{" not in step.get("run", "")
    assert all(" # v" in line for line in path.read_text().splitlines() if "uses:" in line)


@pytest.mark.parametrize("name", ["deploy", "rollback"])
def test_deploys_of_a_stage_do_not_overlap(name: str) -> None:
    jobs = workflow(ROOT / f".github/workflows/{name}.yml")["jobs"]
    job = jobs.pop(name)
    assert all("id-token" not in other["permissions"] for other in jobs.values())
    assert job["concurrency"]["group"].startswith("stage-")
    assert job["concurrency"]["cancel-in-progress"] is False
    assert job["environment"]
    assert job["steps"][-1]["run"] == './scripts/deploy.sh "$STAGE"'
