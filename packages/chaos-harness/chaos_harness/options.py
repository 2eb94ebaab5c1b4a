"""The command line."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from chaos_harness import faults
from chaos_harness.product import Product, load

DEFAULT_JOBS = 100
PRODUCT = Path("tests/chaos/chaos_product")
THROTTLED_RATE = 0.3

_DESCRIPTION = """\
Run the real local stack under faults, and judge the history of the run: nothing lost, nothing doubled.

Several real worker and API processes, real PostgreSQL; S3, SQS, Parameter Store and Bedrock are the local stack's
stand-ins, behind proxies that fail on purpose. Time passes ten times faster than in production.
Progress goes to stderr, the result alone to stdout.

Exit status: 0 every invariant held and every fault asked for had an effect; 1 not so, and what was violated is said;
2 the run could not be made."""


@dataclass(frozen=True, slots=True)
class Options:
    jobs: int
    seed: int
    faults: list[str]
    rates: dict[str, float]
    """Where they are not the usual."""
    mutant: str | None
    throttled: bool
    as_json: bool
    root: Path
    product: Path
    history: Path | None
    judge: Path | None
    log: Path | None


def parse(argv: list[str] | None) -> Options:
    product = load(_product_folder(argv))
    parser = argparse.ArgumentParser(
        prog="./scripts/chaos.sh",
        description=_DESCRIPTION,
        epilog=_tables(product),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--jobs", type=_positive, metavar="N", help="documents that clients submit (default: 100; a mutant's own)")
    add("--seed", type=int, default=1, metavar="S", help="the same seed, the same plan of faults (default: 1)")
    add(
        "--faults", type=_faults, metavar="LIST", help="comma-separated, or all, or none (default: all; a mutant's own)"
    )
    add("--mutant", choices=sorted(product.MUTANTS), metavar="NAME", help="break the product in this way first")
    add("--throttled", action="store_true", help="nothing but 30 %% throttling, for five minutes of the product's time")
    add("--json", action="store_true", dest="as_json", help="the result as JSON")
    add("--history", type=Path, metavar="FILE", help="save the history here")
    add("--judge", type=Path, metavar="FILE", help="judge a saved history, and run nothing")
    add("--log", type=Path, metavar="FILE", help="leave all that the stack said here")
    add("--root", type=Path, default=Path(), metavar="DIR", help="the repository (default: this directory)")
    add("--product", type=Path, default=PRODUCT, metavar="DIR", help="the product's package for the harness")
    given = parser.parse_args(argv)
    if given.throttled and given.faults is not None:
        parser.error("--throttled is a choice of faults by itself")
    mutant = product.MUTANTS[given.mutant] if given.mutant else None
    rates = {"bedrock-throttle": THROTTLED_RATE} if given.throttled else mutant.rates if mutant else {}
    if given.faults is None:
        given.faults = list(rates) if given.throttled or mutant else faults.named("all")
    given.jobs = given.jobs or (mutant.jobs if mutant else DEFAULT_JOBS)
    return Options(**vars(given), rates=rates)


def _product_folder(argv: list[str] | None) -> Path:
    """The folder of --product, which the other options depend on."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--product", type=Path, default=PRODUCT)
    given: Path = parser.parse_known_args(argv)[0].product
    return given


def _tables(product: Product) -> str:
    rows = [f"  {name:22}  {fault.what}" for name, fault in faults.FAULTS.items()]
    mutants = [f"  {name:22}  {mutant.what}" for name, mutant in product.MUTANTS.items()]
    return "\n".join(["faults:", *rows, "", "mutants:", *mutants])


def _faults(text: str) -> list[str]:
    try:
        return faults.named(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of jobs")
    return int(text)
