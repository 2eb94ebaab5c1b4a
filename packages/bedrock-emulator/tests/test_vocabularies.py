"""Token counts beside those of a real tokenizer, on texts that the table was not fitted to."""

import base64
import inspect
import json
import random
import time
from pathlib import Path

import ctok
import pytest
from bedrock_emulator.errors import ServiceError
from bedrock_emulator.model_rules import check_length, find_model
from bedrock_emulator.tokens import count_request, count_text
from bedrock_emulator.vocabularies import Vocabulary

FAMILIES: dict[Vocabulary, tuple[str, int]] = {"claude-3": ("3.0", 7), "claude-4.7": ("4.8", 6)}
"""ctok's version of each vocabulary, and the tokens of its frame around a message."""

_RANDOM = random.Random(11)  # noqa: S311 - texts, not secrets
TEXTS = {
    **json.loads(Path(__file__).with_name("prose.json").read_text(encoding="utf-8")),
    "code": inspect.getsource(json.encoder),
    "JSON": json.dumps(
        [{"id": n, "name": f"Item {n}", "price": n * 1.25, "tags": ["new", "sale"], "stock": None} for n in range(30)]
    ),
    "CSV": "\n".join(f"{n},north,{_RANDOM.randint(1, 99999)},2025-03-{n % 28 + 1:02}" for n in range(60)),
    "base64": base64.b64encode(_RANDOM.randbytes(1_500)).decode(),
    "numbers": " ".join(str(_RANDOM.randint(0, 10 ** _RANDOM.randint(1, 8))) for _ in range(300)),
    "hexadecimal": " ".join(_RANDOM.randbytes(16).hex() for _ in range(20)),
}  # fmt: skip


@pytest.mark.parametrize("vocabulary", FAMILIES)
@pytest.mark.parametrize("kind", TEXTS)
def test_a_count_is_near_that_of_a_real_tokenizer(kind: str, vocabulary: Vocabulary) -> None:
    version, frame = FAMILIES[vocabulary]
    real = ctok.token_count(TEXTS[kind], version) - frame
    assert count_text(TEXTS[kind], vocabulary) == pytest.approx(real, rel=0.15)


def test_a_page_of_chinese_fills_a_window_as_it_does_on_aws() -> None:
    model = find_model("us.anthropic.claude-haiku-4-5-20251001-v1:0")
    text = (TEXTS["Chinese"] * 2000)[:199_900]
    request = {"messages": [{"role": "user", "content": [{"text": text}]}]}
    with pytest.raises(ServiceError, match="prompt is too long"):
        check_length(model, count_request(request, model.rules.vocabulary))


@pytest.mark.parametrize(
    "text", ["a-" * 100_000, "aA" * 100_000, " " * 200_000, "漢" * 200_000, "!" * 200_000, "0a" * 100_000]
)
def test_a_hostile_text_is_counted_in_little_time(text: str) -> None:
    started = time.process_time()
    assert count_text(text) > 0 or not text.strip()
    assert time.process_time() - started < 1  # second of CPU; measured at 0.1 s or less
