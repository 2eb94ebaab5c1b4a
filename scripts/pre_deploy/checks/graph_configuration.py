"""Parameter Store values, judged by the very models that the functions read them with."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError

from pre_deploy.finding import Finding
from pre_deploy.graph import Graph, Rehearsed, Resource
from pre_deploy.parameters import BUSINESS_RULES, CONFIG, parameter, value_of

BYTES = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}


def config_is_readable(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The stage's configuration is a ``StageConfig``."""
    from analysis.domain.configuration import StageConfig  # here, or a fault in it would take every check down

    yield from _judge(rehearsed.graph, CONFIG, StageConfig.model_validate_json)


def rules_are_readable(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each analysis's rules fit its model, and no rules are for an analysis that is not there."""
    from analysis import analyses

    def read(text: str) -> None:
        known = analyses.load()
        given = json.loads(text)
        if not isinstance(given, dict):
            raise TypeError("not an object")
        for name, rules in given.items():
            if name not in known:
                raise ValueError(f'"{name}" is none of the analyses {", ".join(known)}')
            known[name].rules_model.model_validate(rules)

    yield from _judge(rehearsed.graph, BUSINESS_RULES, read)


def _judge(graph: Graph, variable: str, read: Callable[[str], Any]) -> Iterator[Finding]:
    found = parameter(graph, variable)
    if found is None or value_of(found) == "[secret]":
        return
    try:
        read(value_of(found))
    except ValidationError as fault:
        error = fault.errors()[0]
        yield _unreadable(found, f"{'.'.join(map(str, error['loc']))}: {error['msg']}")
    except (ValueError, TypeError) as fault:
        yield _unreadable(found, str(fault))


def _unreadable(found: Resource, why: str) -> Finding:
    return found.finding(
        "parameter-does-not-fit",
        "critical",
        f"The deploy says OK, and the API answers every request with 500: the value of {found.value('name')} does not "
        f"fit what reads it ({why})",
        "Correct the value in project.config.ts.",
    )


def parameters_fit_the_store(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A standard parameter holds 4 KB."""
    for found in rehearsed.graph.of_type("aws:ssm/parameter:Parameter"):
        limit = BYTES.get(str(found.value("tier") or "Standard"), 8192)
        size = len(value_of(found).encode())
        if size > limit:
            yield found.finding(
                "parameter-too-large",
                "high",
                f"The deploy will fail: ValidationException: Standard tier parameters support a maximum parameter "
                f"value of {limit} characters. ({found.value('name')} has {size})",
                'Shorten the value, or set tier: "Advanced".',
            )


def parameters_are_handed_over(rehearsed: Rehearsed) -> Iterator[Finding]:
    """What a variable calls a parameter's name is the name of one that the program makes."""
    from pre_deploy.lambdas import FUNCTION, PARAMETER, label, variables

    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        for variable, value in variables(function).items():
            if variable.endswith("_PARAMETER_NAME") and not graph.with_output("name", value, PARAMETER):
                yield function.finding(
                    "unknown-parameter",
                    "critical",
                    f'{label(graph, function)} is given {variable}="{value}", and the stack makes no such parameter: '
                    "ParameterNotFound",
                    "Use the name output of the aws.ssm.Parameter.",
                )


CHECKS = (config_is_readable, rules_are_readable, parameters_fit_the_store, parameters_are_handed_over)
