"""The command ``redrive``."""

import json
import sys
from argparse import Namespace
from typing import Any

from job_redrive.operator_function import CannotCallError, OperatorFunction, find
from job_redrive.options import parse

AT_ONCE = 50
"""Jobs an order, as the function takes them."""

LISTED_AT_ONCE = 500


def main(argv: list[str] | None = None) -> int:
    """The exit status."""
    options = parse(argv)
    try:
        call = find(options)
        match options.command:
            case "list":
                return _list(call, options)
            case "jobs":
                return _redrive(call, options, options.ids)
        return _all(call, options)
    except CannotCallError as fault:
        sys.stderr.write(f"redrive: {fault}\n")
        return 2


def _sought(options: Namespace) -> dict[str, Any]:
    return {"code": options.code, "analysis": options.analysis, "since": options.since}


def _list(call: OperatorFunction, options: Namespace) -> int:
    limit = min(options.limit, LISTED_AT_ONCE)
    found = call(do="list", **_sought(options), waiting=options.waiting, limit=limit)
    if options.json:
        _say(json.dumps(found, indent=2))
        return 0
    _say(f"failed jobs: {_counts(found['by_code'])}")
    for job in found["jobs"]:
        again = f"  -> {job['redriven_as']}" if job["redriven_as"] else ""
        _say(f"  {job['finished_at']}  {job['id']}  {job['analysis']}  {job['code']}{again}\n      {job['message']}")
    _say(f"dead letters: {_counts(found['by_outcome'])}")
    for letter in found["dead_letters"]:
        what = letter["job_id"] or f"{letter['body_bytes']} bytes, SHA-256 {letter['body_sha256']}"
        _say(f"  {letter['recorded_at']}  {letter['outcome']}  {what}")
    return 0


def _counts(of: dict[str, int]) -> str:
    parts = [f"{count} {reason}" for reason, count in sorted(of.items(), key=lambda item: -item[1])]
    return ", ".join(parts) or "none"


def _all(call: OperatorFunction, options: Namespace) -> int:
    """Whole pages at a time: what has been run again is no longer found."""
    left, status = options.limit, 0
    while left is None or left > 0:
        limit = min(left or LISTED_AT_ONCE, LISTED_AT_ONCE)
        ids = [job["id"] for job in call(do="list", **_sought(options), waiting=True, limit=limit)["jobs"]]
        if ids:
            status = max(status, _redrive(call, options, ids))
        # A dry run finds the same again, and so would one in which nothing could be done.
        if len(ids) < limit or options.dry_run or status:
            break
        left = None if left is None else left - len(ids)
    return status


def _redrive(call: OperatorFunction, options: Namespace, ids: list[str]) -> int:
    if options.dry_run:
        _say("".join(f"would run {job_id} again\n" for job_id in ids).rstrip())
        return 0
    undone = 0
    for start in range(0, len(ids), AT_ONCE):
        again = getattr(options, "again", False)
        some = ids[start : start + AT_ONCE]
        for job in call(do="redrive", jobs=some, requested_by=call.who, reason=options.because, again=again)["jobs"]:
            undone += job["outcome"] != "redriven"
            _say(f"{job['id']}  {job['outcome']}  {job['redriven_as'] or ''}".rstrip())
    return 1 if undone else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
