"""The lines that adapters log about errors that they recover from."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError
from pipeline.jobs.adapters.queue import SqsDelivery
from pipeline.models.stage_config_source import ParameterStoreStageConfig

from tests.support.log_lines import LogLines
from tests.unit.test_run_job import raising

ROOT = Path(__file__).parents[2]


def test_a_message_that_could_not_be_hidden_is_logged(logged: LogLines) -> None:
    lost = (ClientError({}, "ChangeMessageVisibility"), EndpointConnectionError(endpoint_url="x"))
    for error in lost:
        SqsDelivery(SimpleNamespace(change_message_visibility=raising(error)), "url", "handle").hide(5)  # type: ignore[arg-type]
    assert logged.lines == [
        ("WARNING", "visibility not changed", {"error_type": type(error).__name__}) for error in lost
    ]


def test_a_configuration_that_is_kept_is_an_error_with_the_reason(logged: LogLines) -> None:
    values = [
        {"Parameters": [{"Name": "config", "Value": "{}"}, {"Name": "rules", "Value": "{}"}]},
        {"Parameters": [{"Name": "config", "Value": "{"}, {"Name": "rules", "Value": "{}"}]},
    ]
    clock = iter([0.0, 300.0, 300.0, 599.0])
    client: Any = SimpleNamespace(get_parameters=lambda **_: values.pop(0))
    source = ParameterStoreStageConfig(lambda: client, "config", "rules", 300, lambda: next(clock))
    assert source.current() == source.current() == source.current()
    fields = {
        "dependency": "configuration",
        "reason": "the value of config is not a stage's configuration",
        "error_type": "ConfigurationError",
    }
    assert logged.only("configuration not refreshed") == ("ERROR", fields)
    assert values == []
