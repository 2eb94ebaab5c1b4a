"""The command ``erase``."""

import argparse
import sys
from typing import Any

from job_redrive.operator_function import CannotCallError, OperatorFunction, find
from job_redrive.options import add_function, moment

ERASE_BATCH_SIZE = 500
"""Jobs in one request: the limit of the operator's function."""

_DESCRIPTION = """\
Erase the content of jobs: documents, metadata, results, idempotency keys and error texts, for good. The jobs stay, with
their history and their cost. Select jobs by ID, or with --tenant, --from and --before; the times are those at which the
jobs ended.

The command erases batch after batch and prints the progress. A second run of the same command continues where the first
one stopped. The table erasures records the operator and the reason of each batch. Objects in S3 are deleted by the next
runs of the sweeper.

With --stage, the command uses AWS: it needs credentials with lambda:InvokeFunction, and the outputs of a deploy from
this checkout (or --function NAME). Without it, the command uses the running local stack."""

_EPILOG = """\
Times have the form 2026-11-21T08:00Z (UTC if the offset is missing), or are an age such as 90m, 6h, 2d.

Exit status: 0 done; 1 some of the jobs have not ended, so their content is still there: cancel them or wait, then
repeat the command; 2 the command stopped, for the reason on stderr."""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = parse(argv)
    try:
        return _erase(find(options), options)
    except CannotCallError as exc:
        sys.stderr.write(f"erase: {exc}\n")
        return 2


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The options of one run. Exits with status 2 and a message if they are invalid."""
    parser = argparse.ArgumentParser(
        "erase.sh",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add_function(parser)
    parser.add_argument("ids", nargs="*", metavar="ID", help="jobs; - reads the ids from standard input, one a line")
    parser.add_argument("--tenant", metavar="T", help="jobs of this tenant")
    parser.add_argument("--from", dest="ended_from", type=moment, metavar="T", help="jobs that ended at T or later")
    parser.add_argument("--before", dest="ended_before", type=moment, metavar="T", help="jobs that ended before T")
    parser.add_argument("--because", required=True, metavar="TEXT", help="the reason, recorded with each batch")
    parser.add_argument("--dry-run", action="store_true", help="only count the jobs")
    options = parser.parse_args(argv)
    if bool(options.ids) == any((options.tenant, options.ended_from, options.ended_before)):
        parser.error("select jobs either by ID, or with --tenant, --from and --before")
    if options.ids == ["-"]:
        options.ids = sys.stdin.read().split()
        if not options.ids:
            parser.error("standard input has no ids")
    return options


def _erase(call: OperatorFunction, options: argparse.Namespace) -> int:
    ids = options.ids
    batches = [ids[at : at + ERASE_BATCH_SIZE] for at in range(0, len(ids), ERASE_BATCH_SIZE)] or [None]
    not_ended = sum(_erase_selection(call, options, batch) for batch in batches)
    if not_ended:
        _print(f"{not_ended} jobs have not ended: their content can be erased once they have")
    return 1 if not_ended else 0


def _erase_selection(call: OperatorFunction, options: argparse.Namespace, ids: list[str] | None) -> int:
    """Erase one selection to its end. Returns the number of its jobs that have not ended."""
    total = 0
    while True:
        answer: dict[str, Any] = call(
            do="erase",
            jobs=ids,
            tenant=options.tenant,
            ended_from=options.ended_from,
            ended_before=options.ended_before,
            dry_run=options.dry_run,
            requested_by=call.requested_by,
            reason=options.because,
        )
        total += answer["erased"]
        verb = "would be erased" if options.dry_run else f"left, {total} erased"
        _print(f"{answer['remaining']} jobs {verb}")
        if options.dry_run or not answer["remaining"] or not answer["erased"]:
            return int(answer["not_ended"])


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
