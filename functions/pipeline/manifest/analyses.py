"""The analyses, and the stage's parameters as the code reads them."""

import inspect
import json
import traceback
from collections.abc import Callable, Iterator
from importlib import import_module

from pipeline.manifest.facts import AnalysisFacts, Problem, StageParameters
from pipeline.manifest.places import PACKAGE, path_of


def analyses() -> list[AnalysisFacts]:
    """Every analysis. Fails if one of them cannot be loaded."""
    loaded = import_module("pipeline.analyses").load()
    return [
        {
            "name": name,
            "file": path_of(inspect.getfile(analysis.input_model)),
            "input_schema": analysis.input_model.model_json_schema(),
        }
        for name, analysis in loaded.items()
    ]


def unloadable_analyses() -> Iterator[Problem]:
    """Every module of ``analyses`` that cannot be loaded, each by itself."""
    kind = import_module("pipeline.definitions.analysis").Analysis
    folder = PACKAGE / "analyses"
    found = [*folder.glob("[!_]*.py"), *(file.parent for file in folder.glob("[!_]*/__init__.py"))]
    for path in sorted(found):
        file = path / "__init__.py" if path.is_dir() else path
        try:
            module = import_module(f"pipeline.analyses.{path.stem}")
            if not isinstance(getattr(module, "ANALYSIS", None), kind):
                yield {"file": path_of(file), "line": 1, "message": "it has no ANALYSIS of type Analysis"}
        except Exception as exc:  # noqa: BLE001 - a module can fail with any error
            lines = [frame.lineno for frame in traceback.extract_tb(exc.__traceback__) if frame.filename == str(file)]
            line = lines[-1] if lines else getattr(exc, "lineno", None)
            yield {"file": path_of(file), "line": line or 1, "message": f"{type(exc).__name__}: {exc}"}


def invalid_parameters(given: StageParameters) -> dict[str, str]:
    """For each parameter that the code refuses: the reason. Empty if the code itself cannot be loaded."""
    from pydantic import ValidationError

    stage_config = import_module("pipeline.models.stage_config").StageConfig
    known = import_module("pipeline.analyses").load()

    def read_rules(text: str) -> None:
        rules = json.loads(text)
        if not isinstance(rules, dict):
            raise TypeError("it is not an object")
        for name, values in rules.items():
            if name not in known:
                raise ValueError(f'"{name}" is none of the analyses {", ".join(known)}')
            known[name].rules_model.model_validate(values)

    found: dict[str, str] = {}
    readers: tuple[tuple[str, Callable[[str], object], str], ...] = (
        ("config", stage_config.model_validate_json, given["config"]),
        ("rules", read_rules, given["rules"]),
    )
    for name, read, text in readers:
        try:
            read(text)
        except ValidationError as exc:
            error = exc.errors()[0]
            found[name] = f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
        except (ValueError, TypeError) as exc:
            found[name] = str(exc)
    return found
