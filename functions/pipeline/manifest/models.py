"""The models of a stage, and what the requests to them carry."""

from importlib import import_module
from typing import Any

from pipeline.manifest.facts import Models


def models(config: str) -> Models:
    """The catalogue with the stage's changes."""
    from pydantic_core import to_jsonable_python

    stage = import_module("pipeline.models.stage_config").StageConfig.model_validate_json(config)
    listed = stage.catalogue
    return {
        "default": stage.default_model,
        "aliases": dict(listed.aliases),
        "own_aliases": dict(stage.aliases),
        "guardrail": to_jsonable_python(stage.llm.guardrail),
        "models": to_jsonable_python(listed.models),
    }


def sampling_parameters(config: str) -> dict[str, list[list[str]]]:
    """The sampling parameters of jobs that request none, temperature, top_p or both, with each model and analysis.

    Models that have reached their end of life have none.
    """
    job_config = import_module("pipeline.jobs.domain.job_config")
    loaded = import_module("pipeline.analyses").load()
    stage = import_module("pipeline.models.stage_config").StageConfig.model_validate_json(config)
    requested: tuple[dict[str, float], ...] = (
        {},
        {"temperature": 0.5},
        {"top_p": 0.5},
        {"temperature": 0.5, "top_p": 0.5},
    )
    found: dict[str, list[list[str]]] = {}
    for model in stage.catalogue.models:
        carried = found.setdefault(model.id, [])
        for analysis in loaded.values() if model.lifecycle.state != "end_of_life" else ():
            for parameters in requested:
                try:
                    asked = job_config.RequestedParameters(**parameters)
                    resolved = job_config.resolve_job_config(stage, model, analysis, asked, {})
                except ValueError:  # refused, or the rules of the analysis are not given here
                    continue
                carried.append(_sampling(_request(resolved, analysis)))
    return found


def _request(config: Any, analysis: Any) -> dict[str, Any]:
    """The request that Bedrock's client is called with for a job."""
    prompt = import_module("pipeline.models.prompt").Prompt(system="s", user="u")
    first_request = import_module("pipeline.jobs.services.first_request").first_request
    request = first_request(config, prompt, analysis, {})
    sent: dict[str, Any] = import_module("pipeline.models.converse").converse_request(request)
    return sent


def _sampling(request: dict[str, Any]) -> list[str]:
    """The sampling parameters of a Converse request, in whichever part they are."""
    given = {*request.get("inferenceConfig", {}), *request.get("additionalModelRequestFields", {})}
    return sorted({"topP" if name in ("topP", "top_p") else name for name in given})
