"""Lambda: run the jobs whose messages a queue hands over."""

from typing import Any, Protocol

from analysis import bootstrap
from analysis.errors import Redeliver
from analysis.observability import log


class Context(Protocol):
    """What is used of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int: ...


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Run each record's job. Records that must come again are named in ``batchItemFailures``; the others are done."""
    worker = bootstrap.worker()
    failures = []
    for record in event["Records"]:
        try:
            worker.run(record, lambda: context.get_remaining_time_in_millis() / 1000)
        except Redeliver as again:
            log.info("message left", reason=again.reason)
            if again.after is not None:
                worker.delivery(record).hide(round(again.after))
        except Exception as fault:  # noqa: BLE001 - one record's fault must not take its neighbours with it
            log.error("message left", fault)
        else:
            continue
        failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
