"""The command ``redrive``."""

import json
import sys
from argparse import Namespace
from typing import Any

from job_redrive.operator_function import CannotCallError, OperatorFunction, find
from job_redrive.options import parse

REDRIVE_BATCH_SIZE = 50
"""Jobs in one redrive request: the limit of the operator's function."""

LIST_PAGE_SIZE = 500
"""Jobs in one page of the list: the limit of the operator's function."""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = parse(argv)
    try:
        call = find(options)
        match options.command:
            case "list":
                return _list(call, options)
            case "jobs":
                return _redrive(call, options, options.ids)
        return _all(call, options)
    except CannotCallError as exc:
        sys.stderr.write(f"redrive: {exc}\n")
        return 2


def _filter(options: Namespace) -> dict[str, Any]:
    return {"code": options.code, "analysis": options.analysis, "since": options.since}


def _list(call: OperatorFunction, options: Namespace) -> int:
    limit = min(options.limit, LIST_PAGE_SIZE)
    found = call(do="list", **_filter(options), not_redriven=options.not_redriven, limit=limit)
    if options.json:
        _print(json.dumps(found, indent=2))
        return 0
    _print(f"failed jobs: {_counts(found['by_code'])}")
    for job in found["jobs"]:
        redriven = f"  -> {job['redriven_as']}" if job["redriven_as"] else ""
        _print(
            f"  {job['finished_at']}  {job['id']}  {job['analysis']}  {job['code']}{redriven}\n      {job['message']}"
        )
    _print(f"dead letters: {_counts(found['by_outcome'])}")
    for record in found["dead_letters"]:
        subject = record["job_id"] or f"{record['body_bytes']} bytes, SHA-256 {record['body_sha256']}"
        _print(f"  {record['recorded_at']}  {record['outcome']}  {subject}")
    return 0


def _counts(numbers: dict[str, int]) -> str:
    parts = [f"{count} {reason}" for reason, count in sorted(numbers.items(), key=lambda item: -item[1])]
    return ", ".join(parts) or "none"


def _all(call: OperatorFunction, options: Namespace) -> int:
    """Redrive page by page. The next list no longer contains the redriven jobs."""
    remaining, status = options.limit, 0
    while remaining is None or remaining > 0:
        limit = min(remaining or LIST_PAGE_SIZE, LIST_PAGE_SIZE)
        ids = [job["id"] for job in call(do="list", **_filter(options), not_redriven=True, limit=limit)["jobs"]]
        if ids:
            status = max(status, _redrive(call, options, ids))
        # The next list would be the same after a dry run, or after a page without a job that could be run again.
        if len(ids) < limit or options.dry_run or status:
            break
        remaining = None if remaining is None else remaining - len(ids)
    return status


def _redrive(call: OperatorFunction, options: Namespace, ids: list[str]) -> int:
    if options.dry_run:
        _print("".join(f"would run {job_id} again\n" for job_id in ids).rstrip())
        return 0
    refused = 0
    for start in range(0, len(ids), REDRIVE_BATCH_SIZE):
        again = getattr(options, "again", False)
        batch = ids[start : start + REDRIVE_BATCH_SIZE]
        answer = call(do="redrive", jobs=batch, requested_by=call.requested_by, reason=options.because, again=again)
        for job in answer["jobs"]:
            refused += job["outcome"] != "redriven"
            _print(f"{job['id']}  {job['outcome']}  {job['redriven_as'] or ''}".rstrip())
    return 1 if refused else 0


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
