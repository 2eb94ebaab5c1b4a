"""The stage's configuration, in Parameter Store."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from pipeline.models.stage_config import ConfigAndRules, StageConfig
from pipeline.platform.aws import translate_aws_errors
from pipeline.platform.errors import ConfigurationError, Unavailable
from pipeline.platform.observability import log

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

RULES = TypeAdapter(dict[str, dict[str, Any]])


class ParameterStoreStageConfig:
    """``models.ports.StageConfigSource``. Keeps the last valid value while a new one is unavailable or invalid."""

    def __init__(
        self,
        client: "Callable[[], SSMClient]",
        config_name: str,
        rules_name: str,
        cache_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._names = (config_name, rules_name)
        self._cache_s = cache_s
        self._clock = clock
        self._cached: ConfigAndRules | None = None
        self._fetched_at = 0.0

    def current(self) -> ConfigAndRules:
        if self._cached is None or self._clock() - self._fetched_at >= self._cache_s:
            try:
                self._cached = self._fetch()
            except (Unavailable, ConfigurationError) as exc:
                if self._cached is None:
                    raise
                # A typo in the parameter must not stop running functions: the last valid configuration stays in effect.
                log.error("configuration not refreshed", exc, dependency="configuration", reason=str(exc))
            self._fetched_at = self._clock()
        return self._cached

    def _fetch(self) -> ConfigAndRules:
        with translate_aws_errors("configuration"):
            answer = self._client().get_parameters(Names=list(self._names), WithDecryption=True)
        values = {parameter["Name"]: parameter["Value"] for parameter in answer["Parameters"]}
        if missing := [name for name in self._names if name not in values]:
            raise ConfigurationError(f"no parameter {', '.join(missing)} in Parameter Store")
        config_name, rules_name = self._names
        try:
            config = StageConfig.model_validate_json(values[config_name])
            default = config.catalogue.find(config.default_model)
        except (ValidationError, LookupError) as exc:
            raise ConfigurationError(f"the value of {config_name} is not a stage's configuration") from exc
        if default.lifecycle.state == "end_of_life":
            raise ConfigurationError(f"{config_name} makes {default.id} the default, which has reached its end of life")
        try:
            rules = RULES.validate_json(values[rules_name])
        except ValidationError as exc:
            raise ConfigurationError(f"the value of {rules_name} is not an object of objects") from exc
        return ConfigAndRules(config, rules)
