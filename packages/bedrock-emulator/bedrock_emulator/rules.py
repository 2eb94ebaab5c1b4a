"""The rules of Converse as data: `rules.json` has the message of each, and the public source that it was taken from.

`wording` is the trust in a message: the source quotes it (`quoted`), the source describes the rule and the
words are the emulator's (`described`), or there is no source and the stricter reading was chosen (`unverified`).
Read on 2026-11-28.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from bedrock_emulator.errors import ServiceError


@dataclass(frozen=True)
class Rule:
    message: str
    source: str | None
    wording: Literal["quoted", "described", "unverified"]
    code: str = "ValidationException"


@cache
def rules() -> dict[str, Rule]:
    text = Path(__file__).with_name("rules.json").read_text(encoding="utf-8")
    return {name: Rule(**rule) for name, rule in json.loads(text).items()}


def broken(name: str, /, **values: Any) -> ServiceError:
    """The error that the service answers when a request breaks this rule."""
    rule = rules()[name]
    return ServiceError(rule.code, rule.message.format(**values), rule=name)
