"""The options of the command line."""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

_DESCRIPTION = """\
List failed jobs and dead letters with their reasons, and run failed jobs again.

A failed job never changes. A redrive submits its request as a new job with the same configuration. The status of each
job names the other, and the table redrives records the operator and the reason. A job is run again once, unless
--again is given.

With --stage, the command uses AWS: it needs credentials with lambda:InvokeFunction, and the outputs of a deploy from
this checkout (or --function NAME). Without it, the command uses the running local stack."""

_EPILOG = """\
Times have the form 2026-11-21T08:00Z (UTC if the offset is missing), or are an age such as 90m, 6h, 2d.

Exit status: 0 done; 1 at least one job was not run again; 2 nothing was done, for the reason on stderr."""

UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The options of one run. Exits with status 2 and a message if they are invalid."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "redrive.sh", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=form, allow_abbrev=False
    )
    add_function(parser)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="list failed jobs and dead letters, newest first", allow_abbrev=False)
    _add_filter(listing)
    listing.add_argument("--limit", type=_count, default=20, metavar="N", help="number of entries (default: 20)")
    listing.add_argument(
        "--waiting", dest="not_redriven", action="store_true", help="only jobs that have not been run again"
    )
    listing.add_argument("--json", action="store_true", help="print everything as JSON")

    some = commands.add_parser("jobs", help="run these jobs again", allow_abbrev=False)
    some.add_argument("ids", nargs="+", metavar="ID")
    some.add_argument("--again", action="store_true", help="also jobs that were run again before")
    _add_redrive_options(some)

    every = commands.add_parser(
        "all", help="run again all failed jobs that have not been run again", allow_abbrev=False
    )
    _add_filter(every)
    every.add_argument("--limit", type=_count, metavar="N", help="limit the number of jobs")
    _add_redrive_options(every)
    options = parser.parse_args(argv)
    if options.command == "all" and not (options.code or options.since):
        every.error("pass --code, --since or both, to select the jobs")
    return options


def add_function(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the operator's function."""
    parser.add_argument("--root", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--stage", help="the deployed stage, such as dev")
    parser.add_argument("--function", help="name of the operator function on AWS, without outputs of a deploy")
    parser.add_argument("--region", help="region of the stage, without outputs of a deploy")
    parser.add_argument("--endpoint-url", help="Lambda endpoint of the local stack, if several are running")


def _add_filter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--code", metavar="C", help="jobs that failed with this code, such as model_failed")
    parser.add_argument("--analysis", metavar="A", help="jobs of this analysis")
    parser.add_argument("--since", type=moment, metavar="T", help="jobs that failed at this time or later")


def _add_redrive_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--because", required=True, metavar="TEXT", help="the reason, recorded with each job")
    parser.add_argument("--dry-run", action="store_true", help="only list the jobs")


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


def moment(text: str) -> str:
    """The instant that a time or an age names."""
    if text[:-1].isdecimal() and text[-1] in UNITS:
        return (datetime.now(UTC) - timedelta(**{UNITS[text[-1]]: int(text[:-1])})).isoformat()
    given = datetime.fromisoformat(text)
    return (given if given.tzinfo else given.replace(tzinfo=UTC)).isoformat()
