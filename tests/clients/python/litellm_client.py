# /// script
# requires-python = "==3.12.*"
# dependencies = ["litellm==1.110.2", "boto3==1.44.5"]
# ///
"""LiteLLM: text, a stream, a tool, JSON by schema, JSON without one, embeddings."""

import json
import os

import litellm

URL = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
COMPLAINT = "The kettle leaked on the first day. It cost 49.50 dollars."
SCHEMA = {
    "type": "object",
    "properties": {"price": {"type": "number"}},
    "required": ["price"],
    "additionalProperties": False,
}


def ask(model: str = "us.amazon.nova-lite-v1:0", **more: object) -> object:
    messages = [{"role": "user", "content": COMPLAINT}]
    given = {"messages": messages, "aws_bedrock_runtime_endpoint": URL, **more}
    return litellm.completion(model=f"bedrock/converse/{model}", **given)


assert ask().choices[0].message.content.startswith("The kettle leaked")
assert "".join(part.choices[0].delta.content or "" for part in ask(stream=True)).startswith("The kettle leaked")
tool = {"type": "function", "function": {"name": "file", "parameters": SCHEMA}}
call = ask(tools=[tool], tool_choice="required").choices[0].message.tool_calls[0]
assert json.loads(call.function.arguments) == {"price": 49.5}
for model in ("us.amazon.nova-lite-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"):
    by_schema = {"type": "json_schema", "json_schema": {"name": "complaint", "schema": SCHEMA}}
    assert json.loads(ask(model, response_format=by_schema).choices[0].message.content) == {"price": 49.5}
    asked = f"{COMPLAINT} Answer in JSON that fits this schema: {json.dumps(SCHEMA)}"
    found = ask(model, messages=[{"role": "user", "content": asked}], response_format={"type": "json_object"})
    assert json.loads(found.choices[0].message.content) == {"price": 49.5}, found
for model in ("amazon.titan-embed-text-v2:0", "cohere.embed-multilingual-v3"):
    found = litellm.embedding(f"bedrock/{model}", input=[COMPLAINT], aws_bedrock_runtime_endpoint=URL)
    assert len(found.data[0]["embedding"]) == 1024
