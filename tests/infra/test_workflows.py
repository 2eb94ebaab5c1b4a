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


def test_only_what_deploys_may_log_in_to_aws() -> None:
    granted = {path.name: [job.get("permissions", {}) for job in workflow(path)["jobs"].values()] for path in WORKFLOWS}
    assert {name for name, jobs in granted.items() if any("id-token" in job for job in jobs)} == {
        "deploy.yml",
        "rollback.yml",
    }


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_asks_for_little(path: Path) -> None:
    content = workflow(path)
    assert content["permissions"] in ({}, {"contents": "read"})
    for job in content["jobs"].values():
        allowed = job.get("permissions", {})
        assert {name for name, right in allowed.items() if right == "write"} <= {"id-token"}
        assert job["timeout-minutes"] <= 90
        for step in job["steps"]:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step.get("uses", f"a/b@{'0' * 40}"))
            # What people type goes in through the environment, never into the text of a script.
            assert "${{" not in step.get("run", "")
    assert all(" # v" in line for line in path.read_text().splitlines() if "uses:" in line)


@pytest.mark.parametrize("name", ["deploy", "rollback"])
def test_a_stage_is_deployed_by_one_run_at_a_time(name: str) -> None:
    jobs = workflow(ROOT / f".github/workflows/{name}.yml")["jobs"]
    job = jobs.pop(name)
    assert all("id-token" not in other["permissions"] for other in jobs.values())
    assert job["concurrency"]["group"].startswith("stage-")
    assert job["concurrency"]["cancel-in-progress"] is False
    assert job["environment"]
    assert job["steps"][-1]["run"] == './scripts/deploy.sh "$STAGE"'
