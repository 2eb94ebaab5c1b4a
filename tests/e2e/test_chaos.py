"""The pipeline under faults, once at a small size. What the harness finds in a broken product: tests/chaos."""

import json
import subprocess

import pytest
from chaos_harness.faults import FAULTS

from tests.e2e.conftest import ROOT

CHAOS = ROOT / "scripts" / "chaos.sh"


@pytest.mark.timeout(300)
def test_nothing_is_lost_or_doubled_whatever_fails() -> None:
    done = subprocess.run([CHAOS, "--jobs", "40", "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["violations"] == {}
    assert all(found["bites"][fault] for fault in FAULTS)
    assert found["late_results_refused"] > 0


def test_what_cannot_be_run_is_said_with_status_2() -> None:
    done = subprocess.run([CHAOS, "--faults", "earthquake"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "unknown: earthquake" in done.stderr
