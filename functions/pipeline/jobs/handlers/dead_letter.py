"""Lambda: bury the messages that nobody could handle. Reads the dead-letter queue."""

from typing import Any

from pipeline.jobs import bootstrap
from pipeline.jobs.handlers.sqs_records import dead_letter_from
from pipeline.platform.observability import log


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """RecordDeadLetter each record. One that could not be written down stays: the queue has no dead letters of its own to lose."""
    record_dead_letter = bootstrap.record_dead_letter()
    failures = []
    for record in event["Records"]:
        try:
            record_dead_letter.run(dead_letter_from(record))
        except Exception as fault:  # noqa: BLE001 - whatever it is, this letter comes again, and its neighbours are done
            log.error("dead letter left", fault, message_id=record["messageId"])
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
