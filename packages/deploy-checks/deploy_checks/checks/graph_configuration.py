"""Parameter Store values, validated by the models that the functions read them with."""

import re
from collections.abc import Iterator

from stack_graph.graph import Rehearsed, Values
from stack_graph.lambdas import FUNCTION, PARAMETER, label, variables
from stack_graph.parameters import BUSINESS_RULES, CONFIG, parameter, value_of
from stack_graph.program import place_of

from deploy_checks.finding import Finding, finding_at
from deploy_checks.product import manifest_of
from deploy_checks.subjects import product

BYTES = {"Standard": 4096, "Advanced": 8192, "Intelligent-Tiering": 8192}


def parameters_fit_the_code(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The stage's configuration and business rules are valid for the code that reads them."""
    invalid: dict[str, str] = manifest_of(rehearsed).section("invalid_parameters") or {}
    wrong = [
        (variable, found, invalid[name])
        for name, variable in (("config", CONFIG), ("rules", BUSINESS_RULES))
        if invalid.get(name) and (found := parameter(rehearsed.graph, variable))
    ]
    for variable, found, why in wrong:
        reader = next(f for f in rehearsed.graph.of_type(FUNCTION) if variable in variables(f))
        field = re.match(r"([\w.-]+): ", why)
        # If both are invalid, their variables are probably swapped.
        named = field[1].rpartition(".")[2] if field else ""
        place = (
            place_of(rehearsed, reader, variable) if len(wrong) > 1 else place_of(rehearsed, found, named or found.name)
        )
        yield Finding(
            "parameter-does-not-fit",
            "critical",
            *place,
            "The deploy succeeds, and the API answers every request with 500: the value of "
            f"{found.value('name')} is not valid for the code that reads it ({why})",
            "Correct the value in project.config.ts, or the variable that names it.",
        )


def parameters_fit_the_store(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A standard parameter holds 4 KB."""
    for found in rehearsed.graph.of_type("aws:ssm/parameter:Parameter"):
        limit = BYTES.get(str(found.value("tier") or "Standard"), 8192)
        size = len(value_of(found).encode())
        if size > limit:
            yield finding_at(
                found,
                "parameter-too-large",
                "high",
                f"The deploy will fail: ValidationException: Standard tier parameters support a maximum parameter "
                f"value of {limit} characters. ({found.value('name')} has {size})",
                'Shorten the value, or set tier: "Advanced".',
            )


def parameters_are_handed_over(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A variable with the name of a parameter has the name of one that the program creates."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        for variable, value in variables(function).items():
            if variable.endswith("_PARAMETER_NAME") and not graph.with_output("name", value, PARAMETER):
                yield finding_at(
                    function,
                    "unknown-parameter",
                    "critical",
                    f'{label(graph, function)} has {variable}="{value}", and the stack creates no such parameter: '
                    "ParameterNotFound",
                    "Use the name output of the aws.ssm.Parameter.",
                )


def tenants_have_a_share(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The stage has a daily limit, and each tenant a smaller one: no tenant can spend the money of all."""
    place = parameter(rehearsed.graph, CONFIG)
    limits = Values({"config": value_of(place)}).part("config").part("limits") if place else Values({})
    stage, tenant = (_usd(limits, name) for name in ("daily_usd", "daily_usd_per_tenant"))
    if place and (stage is None or tenant is None or tenant >= stage):
        yield Finding(
            "tenant-without-share",
            "medium",
            *place_of(rehearsed, place, "daily_usd"),
            f"One tenant can spend the whole day's money of {rehearsed.stage}: daily_usd is {stage}, "
            f"daily_usd_per_tenant is {tenant}",
            "In the stage's limits, set daily_usd, and daily_usd_per_tenant to less than that.",
        )


def _usd(limits: Values, name: str) -> float | None:
    amount = limits.value(name)
    return float(amount) if re.fullmatch(r"\d+(\.\d+)?", str(amount)) and amount is not None else None


ABOUT = product
CHECKS = (parameters_fit_the_code, parameters_fit_the_store, parameters_are_handed_over, tenants_have_a_share)
