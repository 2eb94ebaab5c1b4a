"""Functions at run time: the RUN rows of the failure catalogue."""

from tests.mutations.mutation import Edit, mutation

API, API_TS = "functions/pipeline/jobs/handlers/api.py", "infra/jobs/environment.ts"
CONFIGURATION = "functions/pipeline/jobs/domain/job_config.py"
AWS = "functions/pipeline/platform/aws.py"
MODELS = "functions/pipeline/models/catalogue.json"
DEFAULT = '"default": "global.anthropic.claude-sonnet-5"'
ENVIRONMENT = "  S3_BUCKET_NAME: results.name,\n"

MUTATIONS = (
    mutation(
        "RUN-01",
        "reserved-variable",
        "variable-reserved",
        API_TS,
        Edit(API_TS, ENVIRONMENT, f'{ENVIRONMENT}    AWS_REGION: "us-east-1",\n'),
    ),
    mutation(
        "RUN-04",
        "event-of-version-one",
        "payload-format-one",
        API,
        Edit(API, 'event["routeKey"]', 'event["httpMethod"]'),
    ),
    mutation(
        "RUN-05",
        "datetime-in-an-answer",
        "handler-fails",
        API,
        Edit(
            API,
            "respond(HTTPStatus.OK if body",
            '{"statusCode": 200, "body": __import__("datetime").datetime.now()} if body.stage else respond(HTTPStatus.OK if body',
        ),
    ),
    mutation(
        "RUN-06",
        "temperature-with-top-p",
        "model-refuses-parameters",
        CONFIGURATION,
        Edit(
            CONFIGURATION,
            '                inference["topP"] = requested.top_p\n',
            '                inference["topP"] = requested.top_p\n                inference["temperature"] = 0.1\n',
        ),
    ),
    mutation(
        "RUN-07",
        "model-without-its-profile",
        "job-fails",
        MODELS,
        Edit(MODELS, DEFAULT, '"default": "anthropic.claude-sonnet-5"'),
        Edit(MODELS, '"id": "global.anthropic.claude-sonnet-5"', '"id": "anthropic.claude-sonnet-5"'),
    ),
    mutation(
        "RUN-07",
        "profile-of-another-region",
        "profile-of-another-region",
        "project.config.ts",
        Edit("project.config.ts", 'region: "us-east-1"', 'region: "eu-west-1"'),
        Edit("project.config.ts", "    model: null,", '    model: "us.amazon.nova-pro-v1:0",'),
    ),
    mutation(
        "RUN-08",
        "reads-for-ever",
        "client-outlives-function",
        AWS,
        Edit(AWS, "        read_timeout=calls.read_timeout_s,\n", ""),
    ),
)
