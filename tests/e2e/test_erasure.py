"""An erased document is nowhere: not in a table, an object version, a queue or a log. Its bill is complete."""

import json
from typing import Any

import boto3
import pytest

from tests.e2e.conftest import ROOT, Pipeline
from tests.support.erased_everywhere import messages_with, tables_with, versions_with

pytestmark = pytest.mark.xdist_group("shared-pipeline")
CANARY = "canary-4f1d9be27c"
DOCUMENT = f"The tenant {CANARY} reports that the lift is out of order."
LEDGER = """
SELECT day::text, tenant_id, sum(coalesce(cost_usd, reserved_usd)) FROM model_calls GROUP BY 1, 2
EXCEPT SELECT day::text, tenant_id, usd FROM daily_spend WHERE tenant_id <> ''
"""


class Cloud:
    """The stack's cloud, with the bucket versioned as it is when deployed."""

    def __init__(self, pipeline: Pipeline) -> None:
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": pipeline.ready["region"]}
        endpoint = pipeline.ready["aws_endpoint_url"]
        self.s3 = boto3.client("s3", endpoint_url=endpoint, **keys)
        self.sqs = boto3.client("sqs", endpoint_url=endpoint, **keys)
        self._lambda = boto3.client("lambda", endpoint_url=pipeline.ready["lambda_endpoint_url"], **keys)
        (self.bucket,) = (bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"])
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def sweep(self) -> dict[str, Any]:
        """Run the sweeper now. It runs every minute by itself."""
        wiring = json.loads((ROOT / "infra" / "wiring.json").read_text(encoding="utf-8"))
        name = wiring["resources"]["Sweeper"]["inputs"]["name"]
        answer = self._lambda.invoke(FunctionName=name, Payload=b"{}")
        assert "FunctionError" not in answer
        swept: dict[str, Any] = json.loads(answer["Payload"].read())
        return swept


@pytest.fixture
def cloud(pipeline: Pipeline) -> Cloud:
    return Cloud(pipeline)


def erase(pipeline: Pipeline, job_id: str) -> tuple[int, Any]:
    status, _, body = pipeline.request("DELETE", f"/jobs/{job_id}")
    return status, json.loads(body)


def found(pipeline: Pipeline, cloud: Cloud) -> dict[str, Any]:
    return {
        "tables": tables_with(pipeline, CANARY),
        "objects": versions_with(cloud.s3, cloud.bucket, CANARY),
        "queues": messages_with(cloud.sqs, CANARY),
        "log": CANARY in pipeline.log(),
    }


def test_an_erased_document_is_nowhere_and_its_bill_is_complete(pipeline: Pipeline, cloud: Cloud) -> None:
    request = {"analysis": "summary", "input": {"text": DOCUMENT}, "metadata": {"customer": CANARY}}
    status, accepted = pipeline.post(request, idempotency_key=CANARY)
    assert status == 202
    job_id = accepted["id"]
    before = pipeline.finished(job_id)
    assert before["status"] == "succeeded"
    key = f"results/{job_id}/1.json"
    for body in (CANARY, "the current version"):  # a version that no longer is the current one, and an attempt's object
        cloud.s3.put_object(Bucket=cloud.bucket, Key=key, Body=body.encode())
    cloud.s3.put_object(Bucket=cloud.bucket, Key=f"results/{job_id}/2.json", Body=CANARY.encode())
    cloud.s3.delete_object(Bucket=cloud.bucket, Key=f"results/{job_id}/2.json")
    kept = pipeline.submit("summary", {"text": "Rain."})
    pipeline.finished(kept)
    there = found(pipeline, cloud)
    assert (there["tables"], len(there["objects"])) == (["jobs"], 3)  # the search finds it, also in the result

    status, erased = erase(pipeline, job_id)
    assert (status, erased["status"], erased["metadata"]) == (200, "succeeded", {})
    assert erased["erased_at"]
    after = pipeline.get(f"/status/{job_id}")[1]
    assert (after["result"], after["result_url"], after["usage"]) == (None, None, before["usage"])
    assert erase(pipeline, job_id) == (200, erased)
    cloud.sweep()

    assert found(pipeline, cloud) == {"tables": [], "objects": [], "queues": [], "log": False}
    listed = cloud.s3.list_object_versions(Bucket=cloud.bucket, Prefix=f"results/{job_id}/")
    assert not listed.get("Versions")
    assert not listed.get("DeleteMarkers")
    assert pipeline.get(f"/status/{kept}")[1]["result"]
    assert pipeline.rows(LEDGER) == []
    status, again = pipeline.post(request, idempotency_key=CANARY)  # the key is free again
    assert status == 202
    assert again["id"] != job_id
    pipeline.finished(again["id"])
    assert erase(pipeline, again["id"])[0] == 200


def test_a_job_is_erased_once_it_has_ended(pipeline: Pipeline) -> None:
    pipeline.plan({"match": {"contains": "slow-to-erase"}, "fault": {"latency_ms": 1_500}})
    job_id = pipeline.submit("summary", {"text": "Rain, slow-to-erase."})
    status, problem = erase(pipeline, job_id)
    assert (status, problem["title"]) == (409, "Job has not ended")
    pipeline.finished(job_id)
    assert erase(pipeline, job_id)[0] == 200
    assert erase(pipeline, "nope")[0] == 404
