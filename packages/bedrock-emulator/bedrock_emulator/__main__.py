"""The command `bedrock-emulator`: serves until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_emulator import EMULATOR
from bedrock_emulator.errors import PlanError
from bedrock_emulator.logs import configure

if TYPE_CHECKING:
    from bedrock_emulator.emulator import Emulator

_CANNOT_START = 2


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 after a signal, 2 when the emulator cannot start (port in use, bad plan)."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.forward_model and not options.forward_to:
        parser.error("--forward-model goes with --forward-to")
    configure(options.log_level)
    try:
        asyncio.run(_serve(options))
    except (OSError, PlanError) as exc:
        sys.stderr.write(f"bedrock-emulator: {' '.join(str(exc).split())}\n")
        return _CANNOT_START
    return 0


async def _serve(options: argparse.Namespace) -> None:
    # Imported here so that --help and a wrong option answer at once.
    from bedrock_emulator.port import Port

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    emulator = _build(options)
    port = Port(emulator)
    try:
        host, port_number = await port.open(options.host, options.port)
        sys.stderr.write(f"{EMULATOR} at http://{host}:{port_number} (an emulator, not Amazon Bedrock)\n")
        sys.stderr.flush()
        await stop.wait()
    finally:
        if emulator.forwarder is not None:
            await emulator.forwarder.close()
        await port.close()


def _build(options: argparse.Namespace) -> "Emulator":
    from bedrock_emulator.emulator import Emulator
    from bedrock_emulator.rule_book import RuleBook
    from bedrock_emulator.service_model import ServiceDescription

    emulator = Emulator(ServiceDescription.load(), latency_ms=options.latency_ms)
    if options.plan is not None:
        from bedrock_emulator.plan import read_plan

        try:
            data = json.loads(options.plan.read_text())
        except ValueError as exc:
            raise PlanError(f"{options.plan} is not JSON: {exc}") from exc
        emulator.rules = RuleBook(read_plan(data, emulator.service.error_codes()))
    if options.forward_to is not None:
        from bedrock_emulator.forwarding import Forwarder

        emulator.forwarder = Forwarder(options.forward_to, options.forward_model)
    return emulator


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _milliseconds(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("a delay in milliseconds is 0 or more")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bedrock-emulator",
        description="An emulator of the Amazon Bedrock runtime API. It is not Amazon Bedrock.",
        epilog="At run time: GET /_emulator/health; GET, PUT, DELETE /_emulator/plan; GET, DELETE /_emulator/calls.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=_port, default=8788, help="0: any free port (default: %(default)s)")
    parser.add_argument("--plan", type=Path, metavar="FILE", help="a fault plan, as for PUT /_emulator/plan")
    parser.add_argument("--latency-ms", type=_milliseconds, default=0, metavar="N", help="wait before every answer")
    parser.add_argument(
        "--forward-to", metavar="URL", help="an OpenAI-compatible server, such as http://127.0.0.1:11434/v1"
    )
    parser.add_argument("--forward-model", metavar="NAME", help="its model; without it the Bedrock model id is sent")
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    return parser


if __name__ == "__main__":
    sys.exit(main())
