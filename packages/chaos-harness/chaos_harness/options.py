"""The options of the command line."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from chaos_harness import faults
from chaos_harness.product import Product, load

DEFAULT_JOBS = 100
PRODUCT = Path("tests/chaos/chaos_product")
THROTTLED_RATE = 0.3

_DESCRIPTION = """\
Run the local stack under injected faults, and judge the history of the run: no job may be lost or run twice.

The run has several worker and API processes and a real PostgreSQL. S3, SQS, Parameter Store and Bedrock are the
stand-ins of the local stack, behind proxies that inject faults. Time passes ten times faster than in production.
Progress goes to stderr, only the result to stdout.

Exit status: 0 every invariant held and every fault took effect; 1 otherwise, with the violations in the result; 2 the
run failed to start or to end."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one run."""

    jobs: int
    seed: int
    faults: list[str]
    rates: dict[str, float]
    """Rates by fault, where they differ from the usual ones."""
    mutant: str | None
    throttled: bool
    as_json: bool
    root: Path
    product: Path
    history: Path | None
    judge: Path | None
    log: Path | None


def parse(argv: list[str] | None) -> Options:
    """The options of a command line. Exits with status 2 and a message if they are invalid."""
    product = load(_product_folder(argv))
    parser = argparse.ArgumentParser(
        prog="./scripts/chaos.sh",
        description=_DESCRIPTION,
        epilog=_tables(product),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--jobs", type=_positive, metavar="N", help="documents to submit (default: 100, or the mutant's number)")
    add("--seed", type=int, default=1, metavar="S", help="seed of the plan of faults (default: 1)")
    add(
        "--faults",
        type=_faults,
        metavar="LIST",
        help="comma-separated, or all, or none (default: all, or the mutant's)",
    )
    add("--mutant", choices=sorted(product.MUTANTS), metavar="NAME", help="break the product in this way first")
    add("--throttled", action="store_true", help="only 30 %% throttling, for five minutes of the product's time")
    add("--json", action="store_true", dest="as_json", help="print the result as JSON")
    add("--history", type=Path, metavar="FILE", help="save the history in FILE")
    add("--judge", type=Path, metavar="FILE", help="judge a saved history instead of a run")
    add("--log", type=Path, metavar="FILE", help="save the log of the stack in FILE")
    add("--root", type=Path, default=Path(), metavar="DIR", help="the repository (default: this directory)")
    add(
        "--product",
        type=Path,
        default=PRODUCT,
        metavar="DIR",
        help="the package that describes the product to the harness",
    )
    given = parser.parse_args(argv)
    if given.throttled and given.faults is not None:
        parser.error("--throttled cannot be combined with --faults")
    mutant = product.MUTANTS[given.mutant] if given.mutant else None
    rates = {"bedrock-throttle": THROTTLED_RATE} if given.throttled else mutant.rates if mutant else {}
    if given.faults is None:
        given.faults = list(rates) if given.throttled or mutant else faults.parse_names("all")
    given.jobs = given.jobs or (mutant.jobs if mutant else DEFAULT_JOBS)
    return Options(**vars(given), rates=rates)


def _product_folder(argv: list[str] | None) -> Path:
    """The folder of --product, which the other options depend on."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--product", type=Path, default=PRODUCT)
    given: Path = parser.parse_known_args(argv)[0].product
    return given


def _tables(product: Product) -> str:
    rows = [f"  {name:22}  {fault.description}" for name, fault in faults.FAULTS.items()]
    mutants = [f"  {name:22}  {mutant.description}" for name, mutant in product.MUTANTS.items()]
    return "\n".join(["faults:", *rows, "", "mutants:", *mutants])


def _faults(text: str) -> list[str]:
    try:
        return faults.parse_names(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number of jobs")
    return int(text)
