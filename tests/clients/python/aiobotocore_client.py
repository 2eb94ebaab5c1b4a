# /// script
# requires-python = "==3.12.*"
# dependencies = ["aiobotocore==3.10.0"]
# ///
"""aiobotocore: many calls at the same time, and a stream."""

import asyncio
import os

from aiobotocore.session import get_session

MODEL = "us.amazon.nova-lite-v1:0"


async def main() -> None:
    url = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
    async with get_session().create_client("bedrock-runtime", endpoint_url=url) as client:

        def asked(text: str) -> dict[str, object]:
            return {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": text}]}]}

        answers = await asyncio.gather(*(client.converse(**asked(f"Rain {number}.")) for number in range(30)))
        texts = [answer["output"]["message"]["content"][0]["text"] for answer in answers]
        assert texts == [f"Rain {number}." for number in range(30)]
        streamed = await client.converse_stream(**asked("Rain is likely."))
        events = [event async for event in streamed["stream"]]
        assert "messageStop" in events[-2]


asyncio.run(main())
