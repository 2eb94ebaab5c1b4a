"""Which messages of a batch have failed, by the rules of ReportBatchItemFailures.

AWS: an empty or null answer, and an empty or null list, mean that all succeeded. A list that cannot be
understood, names an empty identifier or one that is not in the batch means that all failed.
"""

import json
from collections.abc import Sequence

from local_stack.runtime.invocation import InvocationResult


def failed_ids(result: InvocationResult, message_ids: Sequence[str], *, reports_items: bool) -> set[str]:
    everything = set(message_ids)
    if result.function_error:
        return everything
    if not reports_items:
        return set()
    try:
        answer = json.loads(result.payload or b"null")
    except ValueError:
        return everything
    if answer is None or answer == {}:
        return set()
    if not isinstance(answer, dict):
        return everything
    failures = answer.get("batchItemFailures")
    if failures is None or failures == []:
        return set()
    if not isinstance(failures, list):
        return everything
    named = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in failures]
    if any(not isinstance(name, str) or name not in everything for name in named):
        return everything
    return {str(name) for name in named}
