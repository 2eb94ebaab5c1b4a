"""The messages with which Bedrock's models refuse a prompt that does not fit their context window.

Converse has no error code for this: every vendor's own message arrives in a ValidationException. A message about too
large a ``max_tokens`` is none of these.
"""

OVERFLOW_MESSAGES: tuple[tuple[str, str], ...] = (
    # A part of the message in lower case; whose message it is, and a public report that quotes it (read 2026-11-28).
    ("input is too long", "Bedrock itself: strands-agents/harness-sdk, BEDROCK_CONTEXT_WINDOW_OVERFLOW_MESSAGES"),
    ("prompt is too long", "Anthropic: strands-agents/harness-sdk#1663; Moonshot and Z.AI use the same words"),
    ("input length and `max_tokens` exceed context limit", "Anthropic before Claude 4.5: stackblitz/bolt.new#7414"),
    ("too many total text bytes", "Anthropic: strands-agents/harness-sdk, the same list"),
    ("input tokens exceeded", "Amazon Nova: strands-agents/harness-sdk#3969"),
    ("number of input tokens exceeds maximum", "Amazon Nova: the second half of its message"),
    ("too many input tokens", "Amazon Titan: the public reports of amazon.titan-embed-text-v2 with 8,192 tokens"),
    ("expected maxlength", "Amazon Titan, in characters: redpanda-data/ai-sdk-go, recorded 2026-08-21"),
    ("maximum context length", "Meta Llama, Mistral, DeepSeek, Qwen: redpanda-data/ai-sdk-go, recorded 2026-08-21"),
    ("too many tokens: total number of tokens in the prompt", "Cohere: docs.cohere.com, list of errors"),
    ("range of input length should be", "Qwen: crewAIInc/crewAI, messages from its providers"),
    ("exceeds the context window", "OpenAI gpt-oss: crewAIInc/crewAI, the same list"),
)


def is_overflow(message: str) -> bool:
    """Whether a ValidationException's message is about the length of the prompt."""
    lowered = message.lower()
    return any(part in lowered for part, _ in OVERFLOW_MESSAGES)
