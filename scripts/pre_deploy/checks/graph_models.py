"""The stage's models: known, alive, in reach of the region, and allowed to whoever calls them."""

import json
from collections.abc import Iterator
from typing import Any

from pre_deploy.checks.graph_permissions import denied
from pre_deploy.finding import Finding
from pre_deploy.graph import Graph, Rehearsed
from pre_deploy.iam import Statement, allows, role_of, statements_of
from pre_deploy.lambdas import FUNCTION, calls, label
from pre_deploy.parameters import CONFIG, parameter, value_of

CATALOGUE = "functions/analysis/domain/models.json"

GEOGRAPHIES = {"us": ("us-",), "eu": ("eu-",), "apac": ("ap-",), "jp": ("ap-northeast-",), "au": ("ap-southeast-",)}
"""The prefix of an inference profile's id, and the regions that have such profiles. ``global`` fits all."""

INVOKE = {"Converse": "bedrock:InvokeModel", "ConverseStream": "bedrock:InvokeModelWithResponseStream"}


def listed(rehearsed: Rehearsed) -> tuple[dict[str, Any], dict[str, Any]]:
    """The shipped models by their ids, with the stage's own; and the stage's ``llm`` and ``aliases``."""
    catalogue = json.loads((rehearsed.root / CATALOGUE).read_text(encoding="utf-8"))
    config = _config(rehearsed.graph)
    models = {model["id"]: model for model in [*catalogue["models"], *config.get("models", [])]}
    aliases = {**catalogue["aliases"], **config.get("aliases", {})}
    default = (config.get("llm") or {}).get("model") or catalogue["default"]
    return models, {"aliases": aliases, "own": config.get("aliases", {}), "default": aliases.get(default, default)}


def _config(graph: Graph) -> dict[str, Any]:
    found = parameter(graph, CONFIG)
    try:
        config = json.loads(value_of(found)) if found else {}
    except ValueError:
        return {}  # graph_configuration says so
    return config if isinstance(config, dict) else {}


def models_are_usable(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The default, and what the stage's own names stand for, is a model that answers in this region."""
    models, names = listed(rehearsed)
    place = parameter(rehearsed.graph, CONFIG)
    wanted = {"The default model": names["default"]}
    wanted |= {f'The alias "{alias}"': models_id for alias, models_id in names["own"].items()}
    for what, model_id in wanted.items():
        model = models.get(model_id)
        if place is None:
            return
        if model is None:
            yield place.finding(
                "unknown-model",
                "critical",
                f'{what} is "{model_id}", which {CATALOGUE} does not list: no job can be accepted with it',
                f"Name a model of {CATALOGUE}, or add it to the stage's config.models.",
            )
        elif model["lifecycle"]["state"] == "end_of_life":
            after = model["lifecycle"].get("replaced_by")
            yield place.finding(
                "ended-model",
                "critical",
                f"{what} is {model_id}: ResourceNotFoundException: This model version has reached the end of its life.",
                f"Use {after}." if after else "Use a current model.",
            )


def profiles_fit_the_region(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A profile exists in the regions of its own geography only; a newer model has no other way in."""
    graph = rehearsed.graph
    models, names = listed(rehearsed)
    place = parameter(graph, CONFIG)
    for model_id in {names["default"], *names["aliases"].values()} & models.keys() if place else ():
        geography = model_id.partition(".")[0]
        fits = GEOGRAPHIES.get(geography, ("",))
        bare = not any("inference-profile/" in arn for arn in models[model_id]["policy_arns"])
        if place and not graph.region.startswith(fits):
            yield place.finding(
                "profile-of-another-region",
                "critical" if model_id in {names["default"], *names["own"].values()} else "medium",
                f"{model_id} cannot be called from {graph.region}: ValidationException: The provided model identifier "
                "is invalid.",
                f"Use a global. profile, or one of {graph.region}'s geography.",
            )
        elif place and bare and ".anthropic." in f".{model_id}":
            yield place.finding(
                "model-without-profile",
                "critical",
                f"{model_id}: Invocation of model ID {model_id} with on-demand throughput isn't supported. Retry your "
                "request with the ID or ARN of an inference profile that contains this model.",
                "Use the id of an inference profile: us., eu., global. and so on.",
            )


def models_are_allowed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A profile needs the profile's ARN and the model's in every region that it routes to.

    The default must be allowed. Of the others a stage may leave some out, but none by halves.
    """
    graph = rehearsed.graph
    models, names = listed(rehearsed)
    for function in graph.of_type(FUNCTION):
        role = role_of(graph, function)
        found = {INVOKE[call.operation]: call for call in calls(rehearsed.root, function) if call.operation in INVOKE}
        statements = statements_of(graph, role) if role else []
        for action, call in found.items() if role else ():
            for model in models.values():
                missing, total = _missing(graph, statements, action, model)
                must = model["id"] == names["default"] or model["id"] in names["own"].values()
                if missing and model["lifecycle"]["state"] != "end_of_life" and (must or len(missing) < total):
                    why = f"{call.operation} of {model['id']}, {call.file}:{call.line}"
                    yield denied(label(graph, function), function, action, missing[0], why)


def _missing(graph: Graph, statements: list[Statement], action: str, model: dict[str, Any]) -> tuple[list[str], int]:
    """The ARNs that are not allowed, and of how many."""
    arns = [str(arn).format(region=graph.region, account=graph.account) for arn in model["policy_arns"]]
    profiles = [arn for arn in arns if "inference-profile/" in arn]
    context = {"bedrock:InferenceProfileArn": profiles[0]} if profiles else {}
    refused = [a for a in arns if not allows(statements, action, a, {} if a in profiles else context)]
    return refused, len(arns)


def guardrail_is_allowed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Converse with a guardrail applies it in the caller's name."""
    graph = rehearsed.graph
    guardrail = (_config(graph).get("llm") or {}).get("guardrail") or {}
    for function in graph.of_type(FUNCTION) if guardrail.get("identifier") else ():
        role = role_of(graph, function)
        uses = [call for call in calls(rehearsed.root, function) if call.operation in INVOKE]
        arn = _guardrail_arn(graph, str(guardrail["identifier"]))
        if role and uses and not allows(statements_of(graph, role), "bedrock:ApplyGuardrail", arn):
            yield denied(label(graph, function), function, "bedrock:ApplyGuardrail", arn, "the stage's guardrail")


def _guardrail_arn(graph: Graph, identifier: str) -> str:
    own = f"arn:aws:bedrock:{graph.region}:{graph.account}:guardrail/{identifier}"
    return identifier if identifier.startswith("arn:") else own


CHECKS = (models_are_usable, profiles_fit_the_region, models_are_allowed, guardrail_is_allowed)
