"""The command ``python -m pipeline.manifest``."""

import json
import sys
from collections.abc import Callable
from typing import Any

from pipeline.manifest import analyses, code, models, places
from pipeline.manifest.facts import StageParameters


def manifest(given: StageParameters) -> dict[str, Any]:
    """Every section that can be computed, and ``errors``."""
    facts: dict[str, Any] = {
        "package": places.PACKAGE.name,
        "files": {name: places.path_of(file) for name, file in places.FILES.items()},
        "worker": places.handler_of(code.WORKER),
        "request_headers": list(code.REQUEST_HEADERS),
        "migrator": "pipeline.platform.migrations",
        "errors": {},
    }
    sections: dict[str, Callable[[], Any]] = {
        "invalid_parameters": lambda: analyses.invalid_parameters(given),
        "handlers": lambda: list(code.handlers()),
        "routes": code.routes,
        "aws_clients": lambda: list(code.aws_clients()),
        "statements": code.statements,
        "policy": code.policy,
        "models": lambda: models.models(config),
        "sampling_parameters": lambda: models.sampling_parameters(config),
        "analyses": analyses.analyses,
        "unloadable_analyses": lambda: list(analyses.unloadable_analyses()),
    }
    config = given["config"]
    for name, compute in sections.items():
        try:
            facts[name] = compute()
        except Exception as exc:  # noqa: BLE001 - broken code can fail with any error
            facts["errors"][name] = f"{type(exc).__name__}: {exc}"
        if name == "invalid_parameters" and "config" in facts.get(name, {}):
            config = "{}"  # the other sections are then those of a stage without a configuration
    return facts


def main() -> None:
    """Print the manifest."""
    text = "" if sys.stdin.isatty() else sys.stdin.read()
    given: StageParameters = {"config": "{}", "rules": "{}", **json.loads(text or "{}")}
    json.dump(manifest(given), sys.stdout)


if __name__ == "__main__":
    main()
