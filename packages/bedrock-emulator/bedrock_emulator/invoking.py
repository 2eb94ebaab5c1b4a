"""InvokeModel: a vendor's own body, and the answer in the vendor's own shape."""

from typing import TYPE_CHECKING

from bedrock_emulator.conversation_rules import check_conversation
from bedrock_emulator.documents import Document
from bedrock_emulator.emulator import Emulator
from bedrock_emulator.errors import invalid
from bedrock_emulator.model_rules import Model, check_length
from bedrock_emulator.tokens import count_request

if TYPE_CHECKING:
    from bedrock_emulator.call_log import Call
    from bedrock_emulator.plan import Fault


async def invoke(
    emulator: Emulator, call: "Call", model: Model, body: bytes, fault: "Fault | None", began: float
) -> Document:
    """The response body; the tokens are noted in the call. Raises ServiceError."""
    # Imported at first use: the models of the bodies would slow every start.
    if model.base_id.startswith("amazon.titan-embed-text-v2"):
        from bedrock_emulator.titan_embeddings import embed as embed_by_titan

        document, call.input_tokens = embed_by_titan(body)
        return document
    if model.base_id.startswith("cohere.embed"):
        from bedrock_emulator.cohere_embeddings import embed as embed_by_cohere

        document, call.input_tokens = embed_by_cohere(model.base_id, body)
        return document
    if model.base_id.startswith("anthropic.claude"):
        from bedrock_emulator.claude_messages import converse_parameters, messages_answer

        parameters = converse_parameters(model.requested, body)
        check_conversation(model.rules, parameters)
        check_length(model, count_request(parameters, model.rules.vocabulary))
        answer, usage = await emulator.converse(call, model.rules, parameters, fault, began)
        return messages_answer(model.base_id, answer, usage)
    raise invalid(
        "The Bedrock emulator answers InvokeModel for Claude, Titan Embeddings V2 and Cohere Embed. Use Converse."
    )
