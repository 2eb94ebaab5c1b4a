"""The stages of ``project.config.ts``, read without Node: their names, and the variables with their account and the
recipient of their alarms.
"""

import re
from pathlib import Path

CONFIG = "project.config.ts"

PERSONAL = re.compile(r"dev-[a-z0-9]+")
"""Names of developers' copies of ``dev``, as in infra/settings.ts."""


def stage_names(root: Path) -> list[str]:
    """The stages that have settings."""
    return list(_stages(root))


def is_stage(root: Path, stage: str) -> bool:
    """Whether the stage can be deployed."""
    names = stage_names(root)
    return stage in names or ("dev" in names and PERSONAL.fullmatch(stage) is not None)


def account_variable(root: Path, stage: str) -> str | None:
    """The environment variable with the stage's AWS account."""
    return _variable(root, stage, "accountVariable")


def alarm_variable(root: Path, stage: str) -> str | None:
    """The environment variable with the recipient of the stage's alarms."""
    return _variable(root, stage, "alarmVariable")


def setting(root: Path, stage: str, name: str) -> tuple[str, int] | None:
    """The text of a stage's setting, and its line."""
    file, block = root / CONFIG, _stages(root).get(stage, "")
    found = re.search(rf"^    {name}: (.+),$", block, flags=re.MULTILINE)
    before = file.read_text(encoding="utf-8").partition(block)[0] if found else ""
    return (found[1], f"{before}{block[: found.start()]}".count("\n") + 1) if found else None


def _variable(root: Path, stage: str, name: str) -> str | None:
    block = _stages(root).get("dev" if PERSONAL.fullmatch(stage) else stage, "")
    found = re.search(rf'\b{name}:\s*"(\w+)"', block)
    return found.group(1) if found else None


def _stages(root: Path) -> dict[str, str]:
    file = root / CONFIG
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    _, _, stages = text.partition("export const stages")
    body = stages.partition("\n};")[0]
    parts = re.split(r"^  [\"']?([\w-]+)[\"']?: \{$", body, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
