# /// script
# requires-python = "==3.12.*"
# dependencies = ["instructor[bedrock]==1.17.0"]
# ///
"""Instructor: each of its modes for Bedrock."""

import os

import boto3
import instructor
from pydantic import BaseModel

COMPLAINT = "The kettle leaked on the first day. It cost 49.50 dollars."


class Complaint(BaseModel):
    price: float


client = boto3.client("bedrock-runtime", endpoint_url=os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"])
for name in ("us.amazon.nova-lite-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"):
    for mode in (instructor.Mode.TOOLS, instructor.Mode.MD_JSON):
        patched = instructor.from_bedrock(client, mode=mode)
        found = patched.chat.completions.create(
            modelId=name, messages=[{"role": "user", "content": [{"text": COMPLAINT}]}], response_model=Complaint
        )
        assert found.price == 49.5, (name, mode)
