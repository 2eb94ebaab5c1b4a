"""Lambda: run the jobs whose messages a queue hands over."""

from typing import Any, Protocol

from pipeline.jobs import bootstrap
from pipeline.jobs.errors import OutOfTime
from pipeline.jobs.handlers.sqs_records import job_message_from
from pipeline.platform.observability import log

RETRY_S = 30
"""When a message that is left comes back: the queue's own visibility timeout would be an hour."""


class Context(Protocol):
    """What is used of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Run each record's job. Records that must come again are named in ``batchItemFailures``; the others are done."""
    run_job = bootstrap.run_job()
    failures = []
    for record in event["Records"]:
        message_id = record["messageId"]
        delivery = bootstrap.delivery(record["receiptHandle"])
        try:
            run_job.run(job_message_from(record), delivery, lambda: context.get_remaining_time_in_millis() / 1000)
        except OutOfTime:
            log.info("message left", message_id=message_id, reason="out of time")
        except Exception as fault:  # noqa: BLE001 - one record's fault must not take its neighbours with it
            log.error("message left", fault, message_id=message_id)
        else:
            continue
        delivery.hide(RETRY_S)
        failures.append({"itemIdentifier": message_id})
    return {"batchItemFailures": failures}
