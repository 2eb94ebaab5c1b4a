"""AWS_IAM: requests signed with AWS credentials (Signature Version 4), for the service ``execute-api``.

There are no identities locally, so every access key id is a user of that name, who may call everything and has the
one local secret. The signature is computed again, by botocore, from the parts that the caller lists as signed. A
signature in the query string is not understood.
"""

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from functools import partial

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from local_stack.gateway.authorization import Authorize, Caller, forbidden
from local_stack.gateway.request import Request
from local_stack.wiring import ACCOUNT_ID

SERVICE = "execute-api"
MOST_SKEW = timedelta(minutes=5)  # AWS's own

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<key>\w{1,128})/(?P<scope>[^,\s]+)\s*,"
    r"\s*SignedHeaders=(?P<headers>[\w;-]+)\s*,\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_TIME = "%Y%m%dT%H%M%SZ"


def iam_authorizer(region: str, secret: str) -> Authorize:
    return partial(_authorize, region, secret)


async def _authorize(region: str, secret: str, request: Request) -> Caller:
    given = _AUTHORIZATION.fullmatch(request.header("authorization").strip())
    stamp = request.header("x-amz-date")
    signed = given["headers"].split(";") if given else []
    if given is None or "host" not in signed or not _recent(stamp):
        raise forbidden()
    if given["scope"] != f"{stamp[:8]}/{region}/{SERVICE}/aws4_request":
        raise forbidden()
    body_hash = request.header("x-amz-content-sha256")
    if body_hash and body_hash != hashlib.sha256(request.body).hexdigest():
        raise forbidden()
    expected = _signature(request, _Signer(Credentials(given["key"], secret), signed, region), stamp)
    if not hmac.compare_digest(expected, given["signature"]):
        raise forbidden()
    return {"iam": _identity(given["key"])}


class _Signer(SigV4Auth):
    """Signs the headers that the caller signed: which they are is each client's own choice."""

    def __init__(self, credentials: Credentials, signed: list[str], region: str) -> None:
        super().__init__(credentials, SERVICE, region)
        self._signed = signed

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        headers = HTTPHeaders()
        for name in self._signed:
            headers[name] = request.headers.get(name, "")
        return headers


def _signature(request: Request, signer: _Signer, stamp: str) -> str:
    url = f"https://{request.header('host')}{request.target}"
    headers = {name: request.header(name.lower()) for name, _ in request.headers}
    again = AWSRequest(request.method, url, headers, request.body)
    again.context["timestamp"] = stamp
    return str(signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again))


def _recent(stamp: str) -> bool:
    try:
        at = datetime.strptime(stamp, _TIME).replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(datetime.now(UTC) - at) <= MOST_SKEW


def _identity(key: str) -> dict[str, object]:
    return {
        "accessKey": key,
        "accountId": ACCOUNT_ID,
        "callerId": f"AIDA{key}",
        "cognitoIdentity": None,
        "principalOrgId": "",
        "userArn": f"arn:aws:iam::{ACCOUNT_ID}:user/{key}",
        "userId": f"AIDA{key}",
    }
