# /// script
# requires-python = "==3.12.*"
# dependencies = ["strands-agents==1.62.0"]
# ///
"""Strands: text, a tool, structured output."""

from pydantic import BaseModel
from strands import Agent, tool
from strands.models import BedrockModel

COMPLAINT = "The kettle leaked on the first day. It cost 49.50 dollars."


class Complaint(BaseModel):
    """A complaint."""

    price: float


@tool
def weather() -> str:
    """The weather, which is rain."""
    return "It rains."


for name in ("us.amazon.nova-lite-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"):
    model = BedrockModel(model_id=name)
    assert "The kettle leaked" in str(Agent(model, callback_handler=None)(COMPLAINT))
    assert "It rains." in str(Agent(model, tools=[weather], callback_handler=None)("What is the weather?"))
    agent = Agent(model, callback_handler=None)
    assert agent(COMPLAINT, structured_output_model=Complaint).structured_output.price == 49.5
