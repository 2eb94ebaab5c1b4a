# /// script
# requires-python = "==3.12.*"
# dependencies = ["anthropic[bedrock]==2.14.0"]
# ///
"""Anthropic's own SDK, which sends Claude's body to InvokeModel."""

import os

from anthropic import AnthropicBedrock

COMPLAINT = "The kettle leaked on the first day. It cost 49.50 dollars."
SCHEMA = {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}

client = AnthropicBedrock(base_url=os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"])
asked = {
    "model": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "max_tokens": 300,
    "messages": [{"role": "user", "content": COMPLAINT}],
}
assert client.messages.create(**asked).content[0].text.startswith("The kettle leaked")
tools = {"tools": [{"name": "file", "input_schema": SCHEMA}], "tool_choice": {"type": "tool", "name": "file"}}
assert client.messages.create(**asked, **tools).content[0].input == {"price": 49.5}
