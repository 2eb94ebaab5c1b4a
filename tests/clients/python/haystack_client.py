# /// script
# requires-python = "==3.12.*"
# dependencies = ["amazon-bedrock-haystack==9.0.0"]
# ///
"""Haystack: text, a tool, embeddings."""

from haystack.dataclasses import ChatMessage
from haystack.tools import Tool
from haystack_integrations.components.embedders.amazon_bedrock import AmazonBedrockTextEmbedder
from haystack_integrations.components.generators.amazon_bedrock import AmazonBedrockChatGenerator

COMPLAINT = "The kettle leaked on the first day. It cost 49.50 dollars."
PARAMETERS = {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}

for name in ("us.amazon.nova-lite-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"):
    generator = AmazonBedrockChatGenerator(model=name)
    question = ChatMessage.from_user(COMPLAINT)
    assert generator.run(messages=[question])["replies"][0].text.startswith("The kettle leaked")
    tool = Tool(name="file", description="Files a complaint.", parameters=PARAMETERS, function=str)
    reply = generator.run(messages=[question], tools=[tool])["replies"][0]
    assert reply.tool_calls[0].arguments == {"price": 49.5}
    result = ChatMessage.from_tool(tool_result="7", origin=reply.tool_calls[0])
    assert generator.run(messages=[question, reply, result], tools=[tool])["replies"][0].text
for name in ("amazon.titan-embed-text-v2:0", "cohere.embed-multilingual-v3"):
    more = {"input_type": "search_query"} if name.startswith("cohere") else {}
    assert len(AmazonBedrockTextEmbedder(model=name, **more).run(text=COMPLAINT)["embedding"]) == 1024
