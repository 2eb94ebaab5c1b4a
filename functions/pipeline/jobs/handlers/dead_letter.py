"""Lambda: records the messages of the dead-letter queue, and fails their jobs."""

from typing import Any

from pipeline.jobs import bootstrap
from pipeline.jobs.handlers.sqs_records import dead_letter_from
from pipeline.platform.observability import log


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Record each dead letter. One that could not be recorded stays: this queue has no dead-letter queue behind it."""
    record_dead_letter = bootstrap.record_dead_letter()
    failures = []
    for record in event["Records"]:
        try:
            record_dead_letter.run(dead_letter_from(record))
        except Exception as exc:  # noqa: BLE001 - this message is delivered again, and the others are done
            log.error("dead letter not recorded", exc, message_id=record["messageId"])
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
