"""Lambda: bury the messages that nobody could handle. Reads the dead-letter queue."""

from typing import Any

from analysis import bootstrap
from analysis.observability import log


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Bury each record. One that could not be written down stays: the queue has no dead letters of its own to lose."""
    undertaker = bootstrap.undertaker()
    failures = []
    for record in event["Records"]:
        try:
            undertaker.take(record)
        except Exception as fault:  # noqa: BLE001 - whatever it is, this letter comes again, and its neighbours are done
            log.error("dead letter left", fault, message_id=record["messageId"])
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
