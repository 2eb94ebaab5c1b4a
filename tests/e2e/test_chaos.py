"""A small chaos run of the complete pipeline. The mutants that the harness must find are in tests/chaos."""

import json
import subprocess

import pytest
from chaos_harness.faults import FAULTS

from tests.e2e.conftest import ROOT

CHAOS = ROOT / "scripts" / "chaos.sh"


@pytest.mark.timeout(300)
def test_no_job_is_lost_or_run_twice_under_injected_faults() -> None:
    done = subprocess.run([CHAOS, "--jobs", "40", "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = json.loads(done.stdout)
    assert verdict["violations"] == {}
    assert all(verdict["took_effect"][fault] for fault in FAULTS)
    assert verdict["late_results_refused"] > 0


def test_an_unknown_fault_is_refused_with_status_2() -> None:
    done = subprocess.run([CHAOS, "--faults", "earthquake"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "unknown: earthquake" in done.stderr
