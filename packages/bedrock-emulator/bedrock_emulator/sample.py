"""Sample values for a JSON schema: the part of the emulator that other tools use."""

from bedrock_emulator.documents import Document
from bedrock_emulator.material import Source
from bedrock_emulator.schema_answer import answer_for


def sample_for(schema: Document, text: str) -> Document:
    """A JSON object that is valid against `schema`, with values drawn from `text` where they fit.

    The same schema and text give the same object. Raises ServiceError when the emulator cannot build one.
    """
    return answer_for(schema, Source(text))
