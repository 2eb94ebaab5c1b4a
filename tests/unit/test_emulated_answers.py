"""The Bedrock emulator's answers suit the product: valid for every analysis, stable, and drawn from the input."""

import json
from pathlib import Path
from typing import Any

import pytest
from bedrock_emulator.material import read_source
from bedrock_emulator.schema_answer import answer_for
from pipeline import analyses
from pipeline.definitions.prompting import document

COMPLAINTS = Path(__file__).parents[1] / "data" / "cfpb-complaints.jsonl"


def schema_of(name: str) -> dict[str, Any]:
    return dict(analyses.load()[name].answer_model.model_json_schema())


@pytest.mark.parametrize("name", analyses.load())
@pytest.mark.parametrize("text", ["The boiler failed on Monday. Two flats had no heat.", "ok", "漢字 🙂"])
def test_the_answer_for_every_analysis_is_valid_and_stable(name: str, text: str) -> None:
    schema = schema_of(name)
    answer = answer_for(schema, read_source(document(text, "text")))
    assert analyses.load()[name].answer_model.model_validate_json(json.dumps(answer))
    assert answer == answer_for(schema, read_source(document(text, "text")))


def test_the_answer_to_every_complaint_is_valid_and_quotes_it() -> None:
    triage = analyses.load()["complaint-triage"]
    for line in COMPLAINTS.read_text(encoding="utf-8").splitlines():
        narrative = json.loads(line)["narrative"]
        prompt = f"{document(narrative, 'complaint')}\n\nTriage the complaint above."
        answer = answer_for(schema_of("complaint-triage"), read_source(prompt))
        assert triage.answer_model.model_validate_json(json.dumps(answer))
        assert answer["customer_wants"] in " ".join(narrative.split())
