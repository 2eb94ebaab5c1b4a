"""catalogue.json and the requests made of it: what a model refuses, what has ended, and how old the facts are."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from stack_graph.graph import Rehearsed
from stack_graph.parameters import CONFIG, known_value

from deploy_checks.checks.files_code import probed
from deploy_checks.checks.files_text import line_of, text_of
from deploy_checks.finding import Finding

MODELS = "functions/pipeline/models/catalogue.json"
REQUESTS = "functions/pipeline/jobs/domain/job_config.py"
SETTINGS = "project.config.ts"
TRUE_FOR = timedelta(days=180)
ENDS_SOON = timedelta(days=60)
CLAUDE = re.compile(r"claude-(?:[a-z]+-)?(\d)(?:-(\d)(?!\d))?")


def today() -> date:
    """Today, UTC."""
    return datetime.now(UTC).date()


def refused(model_id: str) -> tuple[set[str], ...]:
    """Sets of sampling parameters that the model refuses (AWS, 2026-11): Claude 4.5 the pair, Claude 5 each."""
    found = CLAUDE.search(model_id)
    version = (int(found[1]), int(found[2] or 0)) if found else (0, 0)
    if version >= (5, 0):
        return ({"temperature"}, {"topP"})
    return ({"temperature", "topP"},) if version >= (4, 5) else ()


def requests(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No request carries sampling parameters that its model refuses."""
    text = text_of(rehearsed.root, MODELS)
    report = probed(rehearsed)
    if report.get("unloadable"):
        return  # files_analyses tells
    if fault := report.get("requests_fault"):
        message = f"The code does not accept catalogue.json or the stage's configuration: {fault}"
        yield Finding("models-not-loadable", "critical", MODELS, 1, message, "Mend catalogue.json or project.config.ts")
    for model, sent in report.get("requests", {}).items():
        for pair in refused(model):
            if any(pair <= set(parameters) for parameters in sent):
                names = " and ".join(sorted(pair))
                message = (
                    f"Requests to {model} carry {names}, which it refuses: every call ends in a ValidationException"
                )
                fix = 'Set its inference_parameters to "temperature_or_top_p", for Claude 5 and later to "none"'
                file, line = MODELS, line_of(text, rf'"id":\s*"{re.escape(model)}"')
                if _told_what_it_takes(report, model):
                    file, fix = (
                        REQUESTS,
                        "Send what inference_parameters of the model in catalogue.json allows, and no more",
                    )
                    line = line_of(text_of(rehearsed.root, file), r'\["(temperature|topP)"\]\s*=')
                yield Finding("model-refuses-parameters", "critical", file, line, message, fix)
                break


def _told_what_it_takes(report: dict[str, Any], model_id: str) -> bool:
    """Whether catalogue.json says rightly which parameters the model takes."""
    models = report.get("catalogue", {}).get("models", [])
    said = {model["id"]: model.get("inference_parameters") for model in models}.get(model_id)
    return bool(said == "none" or (said == "temperature_or_top_p" and len(refused(model_id)) == 1))


def lifecycle(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Names lead to models that can be called."""
    text = text_of(rehearsed.root, MODELS)
    refused = "config" in probed(rehearsed).get("unfit", {})  # graph_configuration tells
    stage = {} if refused else json.loads(known_value(rehearsed.graph, CONFIG))
    try:
        listed = json.loads(text)
        true_on = date.fromisoformat(listed["true_on"])
        every = [*listed["models"], *stage.get("models", [])]
        models: dict[str, dict[str, Any]] = {model["id"]: model for model in every}
        aliases: dict[str, str] = {**listed["aliases"], **stage.get("aliases", {})}
        standard = (stage.get("llm") or {}).get("model") or listed["default"]
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        message = f"The list of models cannot be read ({type(fault).__name__}: {fault}): no function can be loaded"
        yield Finding("models-not-loadable", "critical", MODELS, getattr(fault, "lineno", 1), message, "Mend the JSON")
        return
    names = {"default": aliases.get(standard, standard), **aliases}
    for name, model_id in names.items():
        file, line = _place(rehearsed.root, name, model_id)
        model = models.get(model_id)
        if model is None:
            message = f'"{name}" leads to {model_id}, which catalogue.json does not list: requests for it are refused'
            yield Finding("model-unlisted", "critical", file, line, message, "List the model, or name another")
            continue
        state = model.get("lifecycle", {})
        ends = date.fromisoformat(state["ends_on"]) if state.get("ends_on") else None
        instead = f"Use {state.get('replaced_by') or 'a current model'}"
        if state.get("state") == "end_of_life" or (ends and ends <= today()):
            message = f'"{name}" leads to {model_id}, which has ended: every call ends in ResourceNotFoundException'
            yield Finding("model-ended", "critical", file, line, message, instead)
        elif ends and ends - today() <= ENDS_SOON:
            message = f'"{name}" leads to {model_id}, which ends on {ends}: from then on every call fails'
            yield Finding("model-ends-soon", "medium", file, line, message, instead)
    if today() - true_on > TRUE_FOR:
        message = f"The list of models was true on {true_on}: prices and lifecycles may be others by now"
        fix = "Compare it with AWS's pages, and set true_on"
        yield Finding("models-list-old", "low", MODELS, line_of(text, r'"true_on"'), message, fix)


def _place(root: Path, name: str, model_id: str) -> tuple[str, int]:
    """Where a name is given to a model: in the shipped list, or in the stage's own settings."""
    quoted = f'"{re.escape(model_id)}"'
    for file, given in ((MODELS, rf'"{re.escape(name)}":\s*{quoted}'), (SETTINGS, quoted)):
        if re.search(given, text_of(root, file)):
            return file, line_of(text_of(root, file), given)
    return MODELS, line_of(text_of(root, MODELS), rf'"{re.escape(name)}":')


CHECKS = (requests, lifecycle)
