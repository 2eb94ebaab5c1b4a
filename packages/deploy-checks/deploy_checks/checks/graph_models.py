"""The stage's models: callable from the region, and allowed to the functions that call them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stack_graph.graph import Graph, Rehearsed, Resource
from stack_graph.iam import Statement, allows, role_of, statements_of
from stack_graph.lambdas import FUNCTION, calls, label
from stack_graph.parameters import CONFIG, parameter
from stack_graph.program import written

from deploy_checks.checks.graph_permissions import denied
from deploy_checks.finding import Finding, finding_at
from deploy_checks.product import manifest_of

GEOGRAPHIES = {"us": ("us-",), "eu": ("eu-",), "apac": ("ap-",), "jp": ("ap-northeast-",), "au": ("ap-southeast-",)}
"""The prefix of an inference profile's id, and the regions that have such profiles. ``global`` fits all."""

INVOKE = {"Converse": "bedrock:InvokeModel", "ConverseStream": "bedrock:InvokeModelWithResponseStream"}


@dataclass(frozen=True)
class Listed:
    """The models of the checked tree's code; none if it cannot be loaded, which ``files_models`` reports."""

    models: dict[str, dict[str, Any]]
    default: str
    """The default model's id."""
    own: frozenset[str]
    """Ids for which the stage defines aliases."""
    guardrail: str

    @classmethod
    def of(cls, rehearsed: Rehearsed) -> "Listed":
        """The models in the tree's manifest."""
        facts = manifest_of(rehearsed).section("models")
        if facts is None:
            return cls({}, "", frozenset(), "")
        default = facts["aliases"].get(facts["default"], facts["default"])
        models = {model["id"]: model for model in facts["models"]}
        own = frozenset(facts["own_aliases"].values())
        return cls(models, default, own, (facts["guardrail"] or {}).get("identifier", ""))


def profiles_fit_the_region(rehearsed: Rehearsed) -> Iterator[Finding]:
    """An inference profile exists only in the regions of its geography, and newer models have no other endpoint.

    Only the models that the stage chose are checked: it cannot remove the names of the shipped list.
    """
    graph = rehearsed.graph
    listed = Listed.of(rehearsed)
    place = parameter(graph, CONFIG)
    for model_id in sorted({listed.default, *listed.own} & listed.models.keys()) if place else ():
        geography = model_id.partition(".")[0]
        fits = GEOGRAPHIES.get(geography, ("",))
        bare = not _has_profile(listed.models[model_id])
        if place and not graph.region.startswith(fits):
            yield Finding(
                "profile-of-another-region",
                "critical",
                *_chosen(rehearsed, place, model_id),
                f"{model_id} cannot be called from {graph.region}: ValidationException: The provided model identifier "
                "is invalid.",
                f"Use a global. profile, or one of {graph.region}'s geography.",
            )
        elif place and bare and ".anthropic." in f".{model_id}":
            yield Finding(
                "model-without-profile",
                "critical",
                *_chosen(rehearsed, place, model_id),
                f"{model_id}: Invocation of model ID {model_id} with on-demand throughput isn't supported. Retry your "
                "request with the ID or ARN of an inference profile that contains this model.",
                "Use the id of an inference profile: us., eu., global. and so on.",
            )


def _chosen(rehearsed: Rehearsed, config: Resource, model_id: str) -> tuple[str, int]:
    """The line that chooses the model, or the one that chooses the region if the model is the catalogue's default."""
    chosen = (re.escape(model_id), rf"region: [\"'`]{re.escape(rehearsed.graph.region)}")
    found = (written(rehearsed, config, pattern) for pattern in chosen)
    return next((place for place in found if place), (config.file, config.line))


def models_are_allowed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A profile needs its own ARN, and the model's ARN in every region that it routes to.

    The default model must be allowed. A stage may leave out others, but not half of one.
    """
    graph = rehearsed.graph
    listed = Listed.of(rehearsed)
    for function in graph.of_type(FUNCTION):
        role = role_of(graph, function)
        found = {INVOKE[call.operation]: call for call in calls(rehearsed.root, function) if call.operation in INVOKE}
        statements = statements_of(graph, role) if role else []
        for action, call in found.items() if role else ():
            for model in listed.models.values():
                missing, total = _missing(graph, statements, action, model)
                must = model["id"] in {listed.default, *listed.own}
                if missing and model["lifecycle"]["state"] != "end_of_life" and (must or len(missing) < total):
                    why = f"{call.operation} of {model['id']}, {call.file}:{call.line}"
                    yield denied(rehearsed, function, action, missing[0], why)


def _missing(graph: Graph, statements: list[Statement], action: str, model: dict[str, Any]) -> tuple[list[str], int]:
    """The ARNs that are not allowed, and the number of all."""
    arns = _arns(graph, model)
    profiles = [arn for arn in arns if "inference-profile/" in arn]
    context = {"bedrock:InferenceProfileArn": profiles[0]} if profiles else {}
    refused = [a for a in arns if not allows(statements, action, a, {} if a in profiles else context)]
    return refused, len(arns)


def _arns(graph: Graph, model: dict[str, Any]) -> list[str]:
    return [str(arn).format(region=graph.region, account=graph.account) for arn in model["policy_arns"]]


def _has_profile(model: dict[str, Any]) -> bool:
    return any("inference-profile/" in arn for arn in model["policy_arns"])


def guardrail_is_allowed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A Converse call with a guardrail needs the caller's permission to apply it."""
    graph = rehearsed.graph
    guardrail = Listed.of(rehearsed).guardrail
    for function in graph.of_type(FUNCTION) if guardrail else ():
        role = role_of(graph, function)
        uses = [call for call in calls(rehearsed.root, function) if call.operation in INVOKE]
        arn = _guardrail_arn(graph, guardrail)
        if role and uses and not allows(statements_of(graph, role), "bedrock:ApplyGuardrail", arn):
            yield denied(rehearsed, function, "bedrock:ApplyGuardrail", arn, "the stage's guardrail")


def _guardrail_arn(graph: Graph, identifier: str) -> str:
    own = f"arn:aws:bedrock:{graph.region}:{graph.account}:guardrail/{identifier}"
    return identifier if identifier.startswith("arn:") else own


def other_models_are_denied(rehearsed: Rehearsed) -> Iterator[Finding]:
    """An explicit denial covers every model that is not listed, and direct calls of models that have a profile."""
    graph, models = rehearsed.graph, Listed.of(rehearsed).models
    if not models:
        return  # reported by files_models
    direct = [
        arn
        for model in models.values()
        for arn in _arns(graph, model)
        if _has_profile(model) and "foundation-model/" in arn
    ]
    for function in graph.of_type(FUNCTION):
        role = role_of(graph, function)
        calls_models = any(call.operation in INVOKE for call in calls(rehearsed.root, function))
        denials = [s for s in (statements_of(graph, role) if role else ()) if not s.allow]
        open_to = [
            arn
            for arn in [*_unlisted(graph), *direct]
            if not all(any(s.applies(action, arn, {}) for s in denials) for action in INVOKE.values())
        ]
        if role and calls_models and open_to:
            yield finding_at(
                function,
                "model-not-denied",
                "medium",
                f"A policy that is added to the role of {label(graph, function)} later may allow it any model: nothing "
                f"denies it {open_to[0]}",
                "Attach a policy that denies bedrock:InvokeModel* with notResources: the ARNs of the listed models.",
            )


def _unlisted(graph: Graph) -> list[str]:
    """ARNs of models and profiles that no list has."""
    own = f"arn:aws:bedrock:{graph.region}:{graph.account}"
    model = f"arn:aws:bedrock:{graph.region}::foundation-model/unlisted.model-v1:0"
    return [model, f"{own}:inference-profile/us.unlisted.model-v1:0", f"{own}:application-inference-profile/unlisted"]


CHECKS = (profiles_fit_the_region, models_are_allowed, guardrail_is_allowed, other_models_are_denied)
