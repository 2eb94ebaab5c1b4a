"""Lambda: runs the jobs whose messages the job queue delivers."""

from typing import Any

from pipeline.jobs import bootstrap
from pipeline.jobs.errors import OutOfTime
from pipeline.jobs.handlers.sqs_records import job_message_from
from pipeline.platform import policy
from pipeline.platform.lambda_context import LambdaContext
from pipeline.platform.observability import log


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run each record's job. ``batchItemFailures`` names the records to be delivered again."""
    run_job = bootstrap.run_job()
    failures = []
    for record in event["Records"]:
        message_id = record["messageId"]
        delivery = bootstrap.delivery(record["receiptHandle"])
        try:
            run_job.run(job_message_from(record), delivery, lambda: context.get_remaining_time_in_millis() / 1000)
        except OutOfTime:
            log.info("message left", message_id=message_id, reason="out of time")
        except Exception as exc:  # noqa: BLE001 - one record's error must not affect the others
            log.error("message left", exc, message_id=message_id)
        else:
            continue
        delivery.hide(policy.current().lease.message_retry_s)
        failures.append({"itemIdentifier": message_id})
    return {"batchItemFailures": failures}
