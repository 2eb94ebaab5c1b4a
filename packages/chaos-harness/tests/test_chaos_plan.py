"""The plan and the proxies: reproducible, and in agreement with the emulator and the local stack."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from bedrock_emulator.plan import read_plan
from chaos_harness import faults, wiring
from chaos_harness.pace import Pace
from chaos_harness.plan import Plan
from chaos_harness.product import Functions, Product
from chaos_harness.proxies.messages import Frames, text
from chaos_harness.proxies.request_faults import RequestFaults
from chaos_harness.proxies.requests import Sent, Treatment
from local_stack.wiring import WiringFile

WIRING = Path(__file__).parents[3] / "infra" / "wiring.json"
PRODUCT = SimpleNamespace(
    FUNCTIONS=Functions(api="ApiHandler", worker="Worker", sweeper="Sweeper", gateway="Api"),
    set_limits=lambda *_: None,
)
EVERY = faults.parse_names("all")


def test_the_same_seed_gives_the_same_plan() -> None:
    one, same, other = Plan(7, 500, EVERY), Plan(7, 500, EVERY), Plan(8, 500, EVERY)
    assert one.moments() == same.moments() != other.moments()
    assert one.model_plan(str) == same.model_plan(str) != other.model_plan(str)
    selected = [[n for n in range(500) if plan.draw("s3-error").applies_to(n)] for plan in (one, same, other)]
    assert selected[0] == selected[1] != selected[2]


def test_the_moments_of_one_fault_do_not_depend_on_the_others() -> None:
    alone = Plan(7, 500, ["kill-worker"]).moments()
    assert [moment for moment in Plan(7, 500, EVERY).moments() if moment.fault == "kill-worker"] == alone


@pytest.mark.parametrize("jobs", [1, 30, 2000])
def test_every_fault_of_processes_has_a_moment(jobs: int) -> None:
    moments = Plan(1, jobs, EVERY).moments()
    assert {m.fault for m in moments} == {n for n, f in faults.FAULTS.items() if f.where is faults.Where.PROCESS}
    assert all(moment.after_jobs <= jobs for moment in moments)


def test_the_emulator_understands_the_model_plan() -> None:
    assert len(read_plan(Plan(1, 30, EVERY).model_plan(str), []).rules) == len(Plan(1, 30, EVERY).model_rules(str))


@pytest.mark.parametrize("names", ["earthquake", "kill-worker,flood", ""])
def test_an_unknown_fault_is_named(names: str) -> None:
    with pytest.raises(ValueError, match="unknown"):
        faults.parse_names(names)


def sent(number: int, operation: str = "SendMessage") -> Sent:
    body = json.dumps({"MessageBody": json.dumps({"job_id": f"job-{number}"}), "DelaySeconds": 2}).encode()
    return Sent(operation, "ApiHandlerFunction", 1, f"invocation-{number}", body)


def test_a_retry_is_refused_like_the_first_try_but_never_duplicated() -> None:
    decisions = RequestFaults(Plan(1, 10, ["sqs-error", "sqs-duplicate"], {"sqs-error": 0.4, "sqs-duplicate": 0.4}))
    first = {number: decisions.treatment(sent(number))[0] for number in range(200)}
    second = {number: decisions.treatment(sent(number))[0] for number in range(200)}
    assert set(first.values()) == {Treatment.FORWARD, Treatment.REFUSE, Treatment.EXECUTE_AND_REFUSE, Treatment.TWICE}
    refused = {number for number, treatment in first.items() if treatment is Treatment.REFUSE}
    assert {number for number, treatment in second.items() if treatment is Treatment.REFUSE} == refused
    assert decisions.duplicated == [
        f"job-{number}" for number, treatment in first.items() if treatment is Treatment.TWICE
    ]


def test_a_fault_outside_the_plan_is_never_injected() -> None:
    decisions = RequestFaults(Plan(1, 10, ["s3-error"]))
    assert all(decisions.treatment(sent(number)) == (Treatment.FORWARD, 0) for number in range(100))


def test_a_delay_is_added_to_the_delay_of_the_message() -> None:
    assert json.loads(sent(1).delayed(3))["DelaySeconds"] == 5


def test_messages_are_read_from_pieces_of_any_size() -> None:
    startup = (12).to_bytes(4) + b"startup!"
    parse = b"P" + (4 + 9).to_bytes(4) + b"s1\0SELECT"[:9]
    wire = startup + parse + b"S" + (4).to_bytes(4)
    for size in range(1, len(wire) + 1):
        frames = Frames(startup=True)
        pieces = [wire[at : at + size] for at in range(0, len(wire), size)]
        assert [kind for piece in pieces for kind, _ in frames.feed(piece)] == [b"P", b"S"]
    assert (text(b"s1\0SELECT 1\0", 0), text(b"s1\0SELECT 1\0", 1)) == ("s1", "SELECT 1")


def test_the_wiring_of_a_run_puts_the_proxies_in_front_of_every_function_but_the_migrator() -> None:
    changes = wiring.Changes(Pace(), "http://proxy", Path("/pg"), Path("/product"), "no-fence")
    derived = wiring.derive(WIRING, cast(Product, PRODUCT), changes)
    WiringFile.model_validate(derived)
    functions = {
        name: found["inputs"] for name, found in derived["resources"].items() if found["type"] == wiring.FUNCTION
    }
    migrator = functions.pop("Migrator")
    assert "CHAOS_PACE" not in migrator["environment"]["variables"]
    for inputs in functions.values():
        variables = inputs["environment"]["variables"]
        assert inputs["handler"] == wiring.HANDLER
        assert variables["CHAOS_HANDLER"].endswith(".handler")
        assert (variables["DB_HOST"], variables["AWS_ENDPOINT_URL_SQS"]) == ("/pg", "http://proxy")
        assert variables["CHAOS_MUTANT"] == "no-fence"


def test_integer_seconds_stay_integers() -> None:
    pace = Pace()
    assert (pace.of(30), pace.of(20.0), pace.of(3), pace.back(2.5)) == (3, 2.0, 1, 25.0)
    assert isinstance(pace.of(30), int)
