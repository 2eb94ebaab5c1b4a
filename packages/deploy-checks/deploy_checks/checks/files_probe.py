"""Runs in a process of its own, on the code of the checked tree: prints how its clients wait, what it asks models, and
what it makes of the stage's parameters.

Arguments: the folder functions/. Standard input: JSON with the values of the stage's two parameters, ``config`` and
``rules``. Standard output: JSON.
"""

import importlib
import json
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

from pydantic import ValidationError
from pydantic_core import to_jsonable_python


def clients() -> dict[str, dict[str, float]]:
    """The waits of each AWS client, in seconds."""
    module = importlib.import_module("pipeline.platform.aws")
    found: dict[str, dict[str, float]] = {}
    for name, make in vars(module).items():
        if name.startswith("_") or not hasattr(make, "cache_clear"):
            continue
        config = make().meta.config
        retries = config.retries or {}
        attempts = retries.get("total_max_attempts") or retries.get("max_attempts", 4) + 1
        found[name] = {"connect": config.connect_timeout, "read": config.read_timeout, "attempts": attempts}
    return found


def unfit(config: str, rules: str) -> dict[str, str]:
    """For each parameter that the code refuses: why."""
    stage_config = importlib.import_module("pipeline.models.stage_config").StageConfig
    known = importlib.import_module("pipeline.analyses").load()

    def read_rules(text: str) -> None:
        given = json.loads(text)
        if not isinstance(given, dict):
            raise TypeError("it is no object")
        for name, values in given.items():
            if name not in known:
                raise ValueError(f'"{name}" is none of the analyses {", ".join(known)}')
            known[name].rules_model.model_validate(values)

    found: dict[str, str] = {}
    for name, read, text in (("config", stage_config.model_validate_json, config), ("rules", read_rules, rules)):
        try:
            read(text)
        except ValidationError as fault:
            error = fault.errors()[0]
            found[name] = f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
        except (ValueError, TypeError) as fault:
            found[name] = str(fault)
    return found


def catalogue(stage_config: str) -> dict[str, Any]:
    """The models of the stage, and by which names it calls them."""
    configuration = importlib.import_module("pipeline.models.stage_config")
    stage = configuration.StageConfig.model_validate_json(stage_config)
    listed = stage.catalogue
    told = {"default": stage.default_model, "own_aliases": stage.aliases, "guardrail": stage.llm.guardrail}
    told |= {"models": listed.models, "aliases": listed.aliases}
    plain: dict[str, Any] = to_jsonable_python(told)
    return plain


def unloadable() -> dict[str, dict[str, Any]]:
    """For each analysis that cannot be loaded: why, and where."""
    package = importlib.import_module("pipeline.analyses")
    kind = importlib.import_module("pipeline.definitions.analysis").Analysis
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(Path(str(package.__file__)).parent.glob("[!_]*.py")):
        try:
            module = importlib.import_module(f"pipeline.analyses.{file.stem}")
            if not isinstance(getattr(module, "ANALYSIS", None), kind):
                found[file.stem] = {"told": "it has no ANALYSIS of type Analysis", "line": 1}
        except Exception as fault:  # noqa: BLE001 - whatever is wrong with it
            own = [frame for frame in traceback.extract_tb(fault.__traceback__) if frame.filename == str(file)]
            line = own[-1].lineno if own else getattr(fault, "lineno", None)
            found[file.stem] = {"told": f"{type(fault).__name__}: {fault}", "line": line or 1}
    return found


def inputs() -> dict[str, Any]:
    """The schema of what each analysis is given."""
    known = importlib.import_module("pipeline.analyses").load()
    return {name: analysis.input_model.model_json_schema() for name, analysis in known.items()}


def requests(stage_config: str) -> dict[str, list[list[str]]]:
    """For each model that has not ended: the sampling parameters of the requests that Bedrock's client is called with.

    Jobs are made with nothing asked for, with temperature, with top_p, and with both.
    """
    configuration = importlib.import_module("pipeline.models.stage_config")
    job_config = importlib.import_module("pipeline.jobs.domain.job_config")
    analyses = importlib.import_module("pipeline.analyses").load()
    answer = importlib.import_module("pipeline.jobs.services.answer")
    bedrock = importlib.import_module("pipeline.models.bedrock")
    prompt = importlib.import_module("pipeline.models.prompt").Prompt(system="s", user="u")
    stage = configuration.StageConfig.model_validate_json(stage_config)
    given: tuple[dict[str, float], ...] = ({}, {"temperature": 0.5}, {"top_p": 0.5}, {"temperature": 0.5, "top_p": 0.5})
    asked = [job_config.RequestedParameters(**parameters) for parameters in given]
    found: dict[str, list[list[str]]] = {}
    for model in stage.catalogue.models:
        carried = found.setdefault(model.id, [])
        for analysis in analyses.values() if model.lifecycle.state != "end_of_life" else ():
            for parameters in asked:
                try:
                    pinned = job_config.resolve_job_config(stage, model, analysis, parameters, {})
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
    given = json.load(sys.stdin)
    try:
        report["unfit"] = unfit(given["config"], given["rules"])
    except Exception:  # noqa: BLE001 - the code cannot be loaded, which the next question tells
        report["unfit"] = {}
    config = "{}" if "config" in report["unfit"] else given["config"]
    questions: dict[str, Callable[[], Any]] = {
        "clients": clients,
        "catalogue": lambda: catalogue(config),
        "requests": lambda: requests(config),
        "inputs": inputs,
        "unloadable": unloadable,
    }
    for name, ask in questions.items():
        try:
            report[name] = ask()
        except Exception as fault:  # noqa: BLE001 - whatever is wrong with the checked code
            report[f"{name}_fault"] = f"{type(fault).__name__}: {fault}"
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
