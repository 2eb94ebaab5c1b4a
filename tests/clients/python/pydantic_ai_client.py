# /// script
# requires-python = "==3.12.*"
# dependencies = ["pydantic-ai-slim[bedrock]==2.68.0"]
# ///
"""pydantic-ai: text, a tool, output by tool, by prompt, and natively."""

import os

import boto3
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, PromptedOutput
from pydantic_ai.models.bedrock import BedrockConverseModel
from pydantic_ai.providers.bedrock import BedrockProvider

COMPLAINT = "The kettle leaked on the first day. It cost 49.50 dollars."


class Complaint(BaseModel, extra="forbid"):
    price: float


client = boto3.client("bedrock-runtime", endpoint_url=os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"])
provider = BedrockProvider(bedrock_client=client)
for name in ("us.amazon.nova-lite-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"):
    model = BedrockConverseModel(name, provider=provider)
    assert Agent(model).run_sync(COMPLAINT).output.startswith("The kettle leaked")
    assert Agent(model, instructions="Be brief.", output_type=Complaint).run_sync(COMPLAINT).output.price == 49.5
    assert Agent(model, output_type=PromptedOutput(Complaint)).run_sync(COMPLAINT).output.price == 49.5
    agent = Agent(model)

    @agent.tool_plain
    def weather() -> list[str]:
        """The weather, which is unknown."""
        return []

    assert agent.run_sync("What is the weather?").output
native = BedrockConverseModel("us.anthropic.claude-haiku-4-5-20251001-v1:0", provider=provider)
assert Agent(native, output_type=NativeOutput(Complaint)).run_sync(COMPLAINT).output.price == 49.5
