"""The supported resource types: Pulumi's properties, checked, with AWS's defaults.

A property that is not listed here is refused rather than ignored: a stack that silently drops a setting
behaves differently from the deployed one without a warning.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json, PositiveInt, field_validator, model_validator
from pydantic.alias_generators import to_camel


class Resource(BaseModel):
    """Properties that change nothing in behaviour are accepted by every type."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    tags: dict[str, str] = {}
    description: str = ""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class DatabaseInstance(Resource):
    engine: Literal["postgres"]
    engine_version: str = ""
    db_name: str
    username: str
    port: int = 5432


class Secret(Resource):
    name: str


class SecretVersion(Resource):
    secret_id: str
    secret_string: str
    """``[secret]`` stands for a value that the wiring file does not contain: each secret gets its own."""


class Bucket(Resource):
    bucket: str
    force_destroy: bool = False


class Parameter(Resource):
    name: str = Field(pattern=r"^[A-Za-z0-9_./-]+$")
    type: Literal["String", "StringList", "SecureString"] = "String"
    value: str


class RedrivePolicy(Section):
    dead_letter_target_arn: str
    max_receive_count: int = Field(ge=1, le=1000)


def _from_json(value: object) -> object:
    """Pulumi takes a policy as JSON text, a wiring file may hold it as an object."""
    return RedrivePolicy.model_validate_json(value) if isinstance(value, str) else value


class Queue(Resource):
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,80}$")
    visibility_timeout_seconds: int = Field(default=30, ge=0, le=43200)
    message_retention_seconds: int = Field(default=345600, ge=60, le=1209600)
    delay_seconds: int = Field(default=0, ge=0, le=900)
    receive_wait_time_seconds: int = Field(default=0, ge=0, le=20)
    max_message_size: int = Field(default=262144, ge=1024)
    sqs_managed_sse_enabled: bool = True
    redrive_policy: Annotated[RedrivePolicy | None, BeforeValidator(_from_json)] = None


_RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)


class FunctionEnvironment(Section):
    variables: dict[str, str] = {}

    @field_validator("variables")
    @classmethod
    def _leave_lambdas_own_alone(cls, variables: dict[str, str]) -> dict[str, str]:
        reserved = [name for name in variables if name.startswith("AWS_LAMBDA_") or name in _RESERVED_VARIABLES]
        if reserved:
            raise ValueError(f"AWS Lambda sets {', '.join(reserved)} itself and refuses it")
        return variables


class Function(Resource):
    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    handler: str
    runtime: str = Field(pattern=r"^python3\.\d+$")
    timeout: int = Field(default=3, ge=1, le=900)
    memory_size: int = Field(default=128, ge=128, le=10240)
    reserved_concurrent_executions: PositiveInt | Literal[-1] | None = None  # 0 would stop the function
    architectures: list[str] = []
    environment: FunctionEnvironment = FunctionEnvironment()


class Invocation(Resource):
    function_name: str
    input: Json[Any] = None
    triggers: dict[str, str] = {}


class ScalingConfig(Section):
    maximum_concurrency: int = Field(ge=2, le=1000)


class EventSourceMapping(Resource):
    event_source_arn: str
    function_name: str
    enabled: bool = True
    batch_size: int = Field(default=10, ge=1, le=10000)
    maximum_batching_window_in_seconds: int = Field(default=0, ge=0, le=300)
    function_response_types: list[Literal["ReportBatchItemFailures"]] = []
    scaling_config: ScalingConfig | None = None

    @model_validator(mode="after")
    def _large_batches_need_a_window(self) -> "EventSourceMapping":
        if self.batch_size > 10 and self.maximum_batching_window_in_seconds < 1:
            raise ValueError("batchSize above 10 needs maximumBatchingWindowInSeconds of at least 1")
        return self


class FlexibleTimeWindow(Section):
    mode: Literal["OFF"]


class ScheduleTarget(Section):
    arn: str
    role_arn: str = ""
    input: Json[Any] = None


class Schedule(Resource):
    name: str = ""
    group_name: str = "default"
    state: Literal["ENABLED", "DISABLED"] = "ENABLED"
    schedule_expression: str
    schedule_expression_timezone: str = "UTC"
    flexible_time_window: FlexibleTimeWindow
    target: ScheduleTarget


class CorsConfiguration(Section):
    allow_origins: list[str] = []
    allow_methods: list[str] = []
    allow_headers: list[str] = []
    expose_headers: list[str] = []
    max_age: int = Field(default=0, ge=-1, le=86400)
    allow_credentials: bool = False


class Api(Resource):
    name: str
    protocol_type: Literal["HTTP"]
    cors_configuration: CorsConfiguration = CorsConfiguration()


class JwtConfiguration(Section):
    issuer: str = Field(pattern=r"^https?://[^?#]+$")  # AWS takes https alone; a test's issuer has no certificate
    audiences: list[str] = Field(min_length=1)


class Authorizer(Resource):
    api_id: str
    name: str
    authorizer_type: Literal["JWT"]
    identity_sources: list[Literal["$request.header.Authorization"]] = Field(min_length=1, max_length=1)
    jwt_configuration: JwtConfiguration


class Integration(Resource):
    api_id: str
    integration_type: Literal["AWS_PROXY"]
    integration_uri: str
    integration_method: str = "POST"
    payload_format_version: Literal["2.0"]
    timeout_milliseconds: int = Field(default=30000, ge=50, le=30000)


class Route(Resource):
    api_id: str
    route_key: str
    target: str = Field(pattern=r"^integrations/.+$")
    authorization_type: Literal["NONE", "JWT", "AWS_IAM"] = "NONE"
    authorizer_id: str = ""
    authorization_scopes: list[str] = []

    @model_validator(mode="after")
    def _tokens_need_an_authorizer(self) -> "Route":
        by_token = self.authorization_type == "JWT"
        if by_token != bool(self.authorizer_id) or (self.authorization_scopes and not by_token):
            raise ValueError("authorizationType JWT goes with authorizerId, and authorizationScopes with both")
        return self


class Stage(Resource):
    api_id: str
    name: Literal["$default"]
    auto_deploy: bool = True


TYPES: dict[str, type[Resource]] = {
    "aws:rds/instance:Instance": DatabaseInstance,
    "aws:secretsmanager/secret:Secret": Secret,
    "aws:secretsmanager/secretVersion:SecretVersion": SecretVersion,
    "aws:s3/bucket:Bucket": Bucket,
    "aws:ssm/parameter:Parameter": Parameter,
    "aws:sqs/queue:Queue": Queue,
    "aws:lambda/function:Function": Function,
    "aws:lambda/invocation:Invocation": Invocation,
    "aws:lambda/eventSourceMapping:EventSourceMapping": EventSourceMapping,
    "aws:scheduler/schedule:Schedule": Schedule,
    "aws:apigatewayv2/api:Api": Api,
    "aws:apigatewayv2/authorizer:Authorizer": Authorizer,
    "aws:apigatewayv2/integration:Integration": Integration,
    "aws:apigatewayv2/route:Route": Route,
    "aws:apigatewayv2/stage:Stage": Stage,
}
