"""The chaos harness's plan and proxies: repeatable, and meaning what they say."""

import json
from pathlib import Path

import pytest
from bedrock_emulator.plan import read_plan
from chaos_harness import faults, wiring
from chaos_harness.pace import Pace
from chaos_harness.plan import Plan
from chaos_harness.product import load
from chaos_harness.proxies.messages import Frames, text
from chaos_harness.proxies.request_faults import RequestFaults
from chaos_harness.proxies.requests import Fate, Sent
from local_stack.wiring import WiringFile

ROOT = Path(__file__).parents[2]
MUTANTS = load(ROOT / "tests/chaos/chaos_product").MUTANTS
EVERY = faults.named("all")


def test_the_same_seed_is_the_same_plan() -> None:
    one, same, other = Plan(7, 500, EVERY), Plan(7, 500, EVERY), Plan(8, 500, EVERY)
    assert one.moments() == same.moments() != other.moments()
    assert one.model_plan() == same.model_plan() != other.model_plan()
    bitten = [[n for n in range(500) if plan.draw("s3-error").bites(n)] for plan in (one, same, other)]
    assert bitten[0] == bitten[1] != bitten[2]


def test_the_moments_of_one_fault_do_not_depend_on_the_others() -> None:
    alone = Plan(7, 500, ["kill-worker"]).moments()
    assert [moment for moment in Plan(7, 500, EVERY).moments() if moment.fault == "kill-worker"] == alone


@pytest.mark.parametrize("jobs", [1, 30, 2000])
def test_every_fault_of_processes_has_a_moment(jobs: int) -> None:
    moments = Plan(1, jobs, EVERY).moments()
    assert {m.fault for m in moments} == {n for n, f in faults.FAULTS.items() if f.where is faults.Where.PROCESS}
    assert all(moment.after_jobs <= jobs for moment in moments)


def test_the_emulator_understands_the_model_plan() -> None:
    assert len(read_plan(Plan(1, 30, EVERY).model_plan(), []).rules) == len(Plan(1, 30, EVERY).model_rules())


@pytest.mark.parametrize("names", ["earthquake", "kill-worker,flood", ""])
def test_an_unknown_fault_is_named(names: str) -> None:
    with pytest.raises(ValueError, match="unknown"):
        faults.named(names)


def test_every_mutant_names_faults_that_there_are() -> None:
    assert {name for mutant in MUTANTS.values() for name in mutant.rates} <= faults.FAULTS.keys()


def sent(number: int, operation: str = "SendMessage") -> Sent:
    body = json.dumps({"MessageBody": json.dumps({"job_id": f"job-{number}"}), "DelaySeconds": 2}).encode()
    return Sent(operation, "ApiHandlerFunction", 1, f"invocation-{number}", body)


def test_the_second_try_of_a_call_is_refused_as_the_first_but_not_executed_twice_by_us() -> None:
    decided = RequestFaults(Plan(1, 10, ["sqs-error", "sqs-duplicate"], {"sqs-error": 0.4, "sqs-duplicate": 0.4}))
    first = {number: decided.fate(sent(number))[0] for number in range(200)}
    second = {number: decided.fate(sent(number))[0] for number in range(200)}
    assert set(first.values()) == {Fate.FORWARD, Fate.REFUSE, Fate.EXECUTE_AND_REFUSE, Fate.TWICE}
    refused = {number for number, fate in first.items() if fate is Fate.REFUSE}
    assert {number for number, fate in second.items() if fate is Fate.REFUSE} == refused
    assert decided.duplicated == [f"job-{number}" for number, fate in first.items() if fate is Fate.TWICE]


def test_a_fault_that_is_not_asked_for_never_bites() -> None:
    decided = RequestFaults(Plan(1, 10, ["s3-error"]))
    assert all(decided.fate(sent(number)) == (Fate.FORWARD, 0) for number in range(100))


def test_a_late_message_is_later_than_it_would_be() -> None:
    assert json.loads(sent(1).delayed(3))["DelaySeconds"] == 5


def test_messages_are_cut_out_of_any_pieces() -> None:
    startup = (12).to_bytes(4) + b"startup!"
    parse = b"P" + (4 + 9).to_bytes(4) + b"s1\0SELECT"[:9]
    wire = startup + parse + b"S" + (4).to_bytes(4)
    for size in range(1, len(wire) + 1):
        frames = Frames(startup=True)
        pieces = [wire[at : at + size] for at in range(0, len(wire), size)]
        assert [kind for piece in pieces for kind, _ in frames.feed(piece)] == [b"P", b"S"]
    assert (text(b"s1\0SELECT 1\0", 0), text(b"s1\0SELECT 1\0", 1)) == ("s1", "SELECT 1")


def test_the_derived_wiring_sends_every_function_by_the_proxies_but_the_migration() -> None:
    derived = wiring.derive(
        ROOT / "infra" / "wiring.json",
        Pace(),
        wiring.Detours("http://proxy", Path("/pg"), Path("/product")),
        "no-fence",
    )
    WiringFile.model_validate(derived)
    functions = {
        name: found["inputs"] for name, found in derived["resources"].items() if found["type"] == wiring.FUNCTION
    }
    migrator = functions.pop("Migrator")
    assert "CHAOS_PACE" not in migrator["environment"]["variables"]
    for inputs in functions.values():
        variables = inputs["environment"]["variables"]
        assert inputs["handler"] == wiring.HANDLER
        assert variables["CHAOS_HANDLER"].startswith("pipeline/")
        assert (variables["DB_HOST"], variables["AWS_ENDPOINT_URL_SQS"]) == ("/pg", "http://proxy")
        assert variables["CHAOS_MUTANT"] == "no-fence"


def test_whole_seconds_stay_whole() -> None:
    pace = Pace()
    assert (pace.of(30), pace.of(20.0), pace.of(3), pace.back(2.5)) == (3, 2.0, 1, 25.0)
    assert isinstance(pace.of(30), int)
