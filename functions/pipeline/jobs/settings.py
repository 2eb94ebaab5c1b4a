"""The environment of the functions that handle jobs."""

from pydantic import Field

from pipeline.platform.settings import DatabaseSettings


class SweeperSettings(DatabaseSettings):
    """What the sweeper and the operator's function need."""

    sqs_queue_url: str


class DeadLetterSettings(DatabaseSettings):
    """What the consumer of the dead-letter queue needs."""

    max_receive_count: int = Field(ge=1)
    """How often the job queue delivers a message."""


class JobSettings(SweeperSettings):
    """What the API and the AI processor need."""

    s3_bucket_name: str
    config_parameter_name: str
    business_rules_parameter_name: str
