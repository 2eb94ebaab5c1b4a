"""Runs in a process of its own, on the code of the checked tree: prints how its clients wait and what it asks models.

Arguments: the folder functions/. Standard input: the stage's configuration as JSON. Standard output: JSON.
"""

import importlib
import json
import sys
from typing import Any
from unittest.mock import MagicMock


def clients() -> dict[str, dict[str, float]]:
    """The waits of each AWS client, in seconds."""
    module = importlib.import_module("analysis.adapters.aws")
    found: dict[str, dict[str, float]] = {}
    for name, make in vars(module).items():
        if name.startswith("_") or not hasattr(make, "cache_clear"):
            continue
        config = make().meta.config
        retries = config.retries or {}
        attempts = retries.get("total_max_attempts") or retries.get("max_attempts", 4) + 1
        found[name] = {"connect": config.connect_timeout, "read": config.read_timeout, "attempts": attempts}
    return found


def requests(stage_config: str) -> dict[str, list[list[str]]]:
    """For each model that has not ended: the sampling parameters of the requests that Bedrock's client is called with.

    Jobs are made with nothing asked for, and with temperature and top_p both.
    """
    configuration = importlib.import_module("analysis.domain.configuration")
    analyses = importlib.import_module("analysis.analyses").load()
    answer = importlib.import_module("analysis.services.answer")
    bedrock = importlib.import_module("analysis.adapters.bedrock")
    prompt = importlib.import_module("analysis.domain.analysis").Prompt(system="s", user="u")
    stage = configuration.StageConfig.model_validate_json(stage_config)
    asked = (configuration.RequestedParameters(), configuration.RequestedParameters(temperature=0.5, top_p=0.5))
    found: dict[str, list[list[str]]] = {}
    for model in stage.catalogue.models:
        carried = found.setdefault(model.id, [])
        for analysis in analyses.values() if model.lifecycle.state != "end_of_life" else ():
            for parameters in asked:
                try:
                    pinned = configuration.pin(stage, model, analysis, parameters, {})
                except ValueError:  # refused, or an analysis whose rules are not given here
                    continue
                client = MagicMock()
                client.converse.return_value = {"output": {}, "stopReason": "", "usage": {}}
                bedrock.BedrockConverse(lambda client=client: client).converse(
                    answer.first_request(MagicMock(), pinned, prompt, analysis)
                )
                carried.append(sampling(client.converse.call_args.kwargs))
    return found


def sampling(request: dict[str, Any]) -> list[str]:
    """The sampling parameters of a Converse request, wherever they are."""
    given = {*request.get("inferenceConfig", {}), *request.get("additionalModelRequestFields", {})}
    return sorted({"topP" if name in ("topP", "top_p") else name for name in given})


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    report: dict[str, Any] = {}
    stage_config = sys.stdin.read()
    for name, ask in (("clients", clients), ("requests", lambda: requests(stage_config))):
        try:
            report[name] = ask()
        except Exception as fault:  # noqa: BLE001 - whatever is wrong with the checked code
            report[f"{name}_fault"] = f"{type(fault).__name__}: {fault}"
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
