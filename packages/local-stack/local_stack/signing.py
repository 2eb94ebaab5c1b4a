"""AWS signatures (Signature Version 4) for requests to the local stack's routes with IAM authorization."""

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local_stack.cloud.process import CREDENTIALS

REGION = "us-east-1"


def signed(method: str, url: str, body: bytes = b"", *, key: str = "alice", **changes: str) -> dict[str, str]:
    """The headers of a signed request. `changes` may replace the stack's `secret`, the `service` and the `region`."""
    request = AWSRequest(method, url, {"content-type": "application/json"}, body)
    credentials = Credentials(key, changes.get("secret", CREDENTIALS["AWS_SECRET_ACCESS_KEY"]))
    SigV4Auth(credentials, changes.get("service", "execute-api"), changes.get("region", REGION)).add_auth(request)
    return dict(request.headers.items())
