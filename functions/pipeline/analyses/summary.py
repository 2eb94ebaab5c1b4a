"""``summary``: any text in, a short summary and its key points out."""

from typing import Annotated

from pydantic import Field

from pipeline.definitions import DATA_ONLY, ModelSettings, Prompt, StrictModel, document, plain_analysis

SYSTEM = f"""You summarise documents for busy readers. Write in the document's own language, in plain
words, and state only what the document says; if it says little, be brief. {DATA_ONLY}"""

KeyPoint = Annotated[str, Field(min_length=1, max_length=300, pattern=r"\S")]


class SummaryInput(StrictModel):
    text: str = Field(min_length=1, max_length=200_000, pattern=r"\S", description="The text to summarise.")


class Summary(StrictModel):
    summary: str = Field(
        min_length=1,
        max_length=1_200,
        pattern=r"\S",
        description="The document in at most 120 words of prose.",
    )
    key_points: list[KeyPoint] = Field(
        min_length=1, max_length=7, description="Most important first, one sentence of at most 25 words each."
    )
    language: str = Field(
        max_length=35,
        pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}$",
        description="BCP 47 tag of the document's main language, such as en or pt-BR; und if there is none.",
    )


def prompt(given: SummaryInput) -> Prompt:
    return Prompt(SYSTEM, f"{document(given.text, 'text')}\n\nSummarise the document above.")


ANALYSIS = plain_analysis(
    name="summary",
    description="Summarises a text in its own language and lists its key points.",
    input_model=SummaryInput,
    output_model=Summary,
    prompt=prompt,
    settings=ModelSettings(max_tokens=900),
)
