"""The environment of the functions that handle jobs, by what each part is needed for."""

from pydantic import Field

from pipeline.platform.settings import EnvironmentSettings


class QueueSettings(EnvironmentSettings):
    """The job queue."""

    sqs_queue_url: str


class ResultSettings(EnvironmentSettings):
    """The bucket of results."""

    s3_bucket_name: str


class RetentionSettings(EnvironmentSettings):
    """The retention of documents and results."""

    retention_days: int = Field(ge=1)
    """Days from the end of a job to the erasure of its content."""


class ParameterSettings(EnvironmentSettings):
    """The names of the stage's parameters in Parameter Store."""

    config_parameter_name: str
    business_rules_parameter_name: str


class DeadLetterSettings(EnvironmentSettings):
    """The dead-letter queue."""

    max_receive_count: int = Field(ge=1)
    """Deliveries of a message before it reaches the dead-letter queue."""
