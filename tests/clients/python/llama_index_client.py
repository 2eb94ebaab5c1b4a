# /// script
# requires-python = "==3.12.*"
# dependencies = ["llama-index-llms-bedrock-converse==0.15.5", "llama-index-embeddings-bedrock==0.9.0"]
# ///
"""LlamaIndex: text, a stream, structured prediction, embeddings."""

import os

from llama_index.core.prompts import PromptTemplate
from llama_index.embeddings.bedrock import BedrockEmbedding
from llama_index.llms.bedrock_converse import BedrockConverse
from pydantic import BaseModel

URL = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
COMPLAINT = "The kettle leaked on the first day. It cost 49.50 dollars."


class Complaint(BaseModel):
    """A complaint."""

    price: float


for name in ("us.amazon.nova-lite-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"):
    llm = BedrockConverse(model=name, region_name="us-east-1", endpoint_url=URL)
    assert llm.complete(COMPLAINT).text.startswith("The kettle leaked")
    assert list(llm.stream_complete(COMPLAINT))[-1].text.startswith("The kettle leaked")
    assert llm.structured_predict(Complaint, PromptTemplate("{text}"), text=COMPLAINT).price == 49.5
for name in ("amazon.titan-embed-text-v2:0", "cohere.embed-multilingual-v3"):
    embedding = BedrockEmbedding(model_name=name, region_name="us-east-1")
    assert len(embedding.get_text_embedding(COMPLAINT)) == 1024
