"""The command line."""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

_DESCRIPTION = """\
Failed jobs and dead letters: list them with their reasons, and run failed jobs again.

A failed job never changes. Running it again makes a new job of the same request with the same configuration; the
status of each names the other, and who did it and why is kept in the table redrives. A job runs again once, unless
you say --again.

With --stage, on AWS: needs credentials that may lambda:InvokeFunction, and the outputs of a deploy from this checkout
(or --function NAME). Without, the local stack that runs."""

_EPILOG = """\
Times are like 2026-11-21T08:00Z (without an offset: UTC), or an age like 90m, 6h, 2d.

Exit status: 0 done; 1 a job was not run again; 2 nothing was done, and why is said."""

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The options of one run."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "redrive.sh", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=form, allow_abbrev=False
    )
    parser.add_argument("--root", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--stage", help="the deployed stage, such as dev")
    parser.add_argument("--function", help="the operator function's name on AWS, where there are no outputs")
    parser.add_argument("--region", help="the stage's region, where there are no outputs")
    parser.add_argument("--endpoint-url", help="Lambda's address of a local stack, where several run")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="show what has failed, newest first", allow_abbrev=False)
    _sought(listing)
    listing.add_argument("--limit", type=_count, default=20, metavar="N", help="show so many (20)")
    listing.add_argument("--waiting", action="store_true", help="only jobs that nobody has run again")
    listing.add_argument("--json", action="store_true", help="all of it as JSON")

    some = commands.add_parser("jobs", help="run these jobs again", allow_abbrev=False)
    some.add_argument("ids", nargs="+", metavar="ID")
    some.add_argument("--again", action="store_true", help="although they were run again before")
    _order(some)

    every = commands.add_parser(
        "all", help="run all failed jobs again that nobody has run again yet", allow_abbrev=False
    )
    _sought(every)
    every.add_argument("--limit", type=_count, metavar="N", help="so many at most")
    _order(every)
    options = parser.parse_args(argv)
    if options.command == "all" and not (options.code or options.since):
        every.error("say which: --code, --since or both")
    return options


def _sought(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--code", metavar="C", help="failed with this code, such as model_failed")
    parser.add_argument("--analysis", metavar="A")
    parser.add_argument("--since", type=_time, metavar="T", help="failed at this time or later")


def _order(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--because", required=True, metavar="TEXT", help="why: kept with each job")
    parser.add_argument("--dry-run", action="store_true", help="only say which")


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


def _time(text: str) -> str:
    if text[:-1].isdecimal() and text[-1] in UNITS:
        return (datetime.now(UTC) - timedelta(**{UNITS[text[-1]]: int(text[:-1])})).isoformat()
    given = datetime.fromisoformat(text)
    return (given if given.tzinfo else given.replace(tzinfo=UTC)).isoformat()
