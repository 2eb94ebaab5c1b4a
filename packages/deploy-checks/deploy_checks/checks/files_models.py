"""The catalogue of models, and the requests made with it: refused parameters, models that have ended, old facts."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from stack_graph.graph import Rehearsed
from stack_graph.manifest import Manifest
from stack_graph.parameters import CONFIG, known_value

from deploy_checks.checks.files_text import line_of, text_of
from deploy_checks.finding import Finding
from deploy_checks.product import manifest_of
from deploy_checks.subjects import product

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
    """No request has sampling parameters that its model refuses."""
    manifest = manifest_of(rehearsed)
    catalogue = manifest.file("catalogue")
    text = text_of(rehearsed.root, catalogue)
    if manifest.section("unloadable_analyses"):
        return  # reported by files_analyses
    if "files" in manifest.data and (error := manifest.error("sampling_parameters")):
        message = f"The code does not accept the catalogue of models or the stage's configuration: {error}"
        fix = f"Fix {catalogue} or {SETTINGS}"
        yield Finding("models-not-loadable", "critical", catalogue, 1, message, fix)
    for model, sent in (manifest.section("sampling_parameters") or {}).items():
        for refused_set in refused(model):
            if any(refused_set <= set(parameters) for parameters in sent):
                names = " and ".join(sorted(refused_set))
                message = (
                    f"Requests to {model} have {names}, which it refuses: every call fails with ValidationException"
                )
                fix = 'Set its inference_parameters to "temperature_or_top_p", for Claude 5 and later to "none"'
                file, line = catalogue, line_of(text, rf'"id":\s*"{re.escape(model)}"')
                if _is_listed_correctly(manifest, model):
                    file = manifest.file("inference")
                    fix = "Send only the parameters that inference_parameters of the model in the catalogue allows"
                    line = line_of(text_of(rehearsed.root, file), r'\["(temperature|topP)"\]\s*=')
                yield Finding("model-refuses-parameters", "critical", file, line, message, fix)
                break


def _is_listed_correctly(manifest: Manifest, model_id: str) -> bool:
    """Whether the catalogue has the right ``inference_parameters`` for the model."""
    models = (manifest.section("models") or {}).get("models", [])
    listed = {model["id"]: model.get("inference_parameters") for model in models}.get(model_id)
    return bool(listed == "none" or (listed == "temperature_or_top_p" and len(refused(model_id)) == 1))


def lifecycle(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every alias leads to a model that can be called."""
    manifest = manifest_of(rehearsed)
    catalogue = manifest.file("catalogue")
    text = text_of(rehearsed.root, catalogue)
    invalid = "config" in (manifest.section("invalid_parameters") or {})  # reported by graph_configuration
    stage = {} if invalid else json.loads(known_value(rehearsed.graph, CONFIG))
    try:
        listed = json.loads(text)
        true_on = date.fromisoformat(listed["true_on"])
        every = [*listed["models"], *stage.get("models", [])]
        models: dict[str, dict[str, Any]] = {model["id"]: model for model in every}
        aliases: dict[str, str] = {**listed["aliases"], **stage.get("aliases", {})}
        standard = (stage.get("llm") or {}).get("model") or listed["default"]
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        message = f"The catalogue of models cannot be read ({type(exc).__name__}: {exc}): no function can be loaded"
        yield Finding("models-not-loadable", "critical", catalogue, getattr(exc, "lineno", 1), message, "Fix the JSON")
        return
    for name, model_id in {"default": aliases.get(standard, standard), **aliases}.items():
        yield from _model(rehearsed.root, catalogue, name, model_id, models.get(model_id))
    if today() - true_on > TRUE_FOR:
        message = f"The catalogue of models was checked on {true_on}: prices and lifecycles may have changed since"
        fix = "Compare it with AWS's pages, and set true_on"
        yield Finding("models-list-old", "low", catalogue, line_of(text, r'"true_on"'), message, fix)


def _model(root: Path, catalogue: str, name: str, model_id: str, model: dict[str, Any] | None) -> Iterator[Finding]:
    file, line = _place(root, catalogue, name, model_id)
    if model is None:
        message = f'"{name}" leads to {model_id}, which the catalogue does not list: requests for it are refused'
        yield Finding("model-unlisted", "critical", file, line, message, "List the model, or name another")
        return
    state = model.get("lifecycle", {})
    ends = date.fromisoformat(state["ends_on"]) if state.get("ends_on") else None
    instead = f"Use {state.get('replaced_by') or 'a current model'}"
    if state.get("state") == "end_of_life" or (ends and ends <= today()):
        message = f'"{name}" leads to {model_id}, which has ended: every call fails with ResourceNotFoundException'
        yield Finding("model-ended", "critical", file, line, message, instead)
    elif ends and ends - today() <= ENDS_SOON:
        message = f'"{name}" leads to {model_id}, which ends on {ends}: every call fails from then on'
        yield Finding("model-ends-soon", "medium", file, line, message, instead)


def _place(root: Path, catalogue: str, name: str, model_id: str) -> tuple[str, int]:
    """The line that gives the name to the model: in the catalogue, or in the stage's settings."""
    quoted = f'"{re.escape(model_id)}"'
    for file, given in ((catalogue, rf'"{re.escape(name)}":\s*{quoted}'), (SETTINGS, quoted)):
        if re.search(given, text_of(root, file)):
            return file, line_of(text_of(root, file), given)
    return catalogue, line_of(text_of(root, catalogue), rf'"{re.escape(name)}":')


ABOUT = product
CHECKS = (requests, lifecycle)
