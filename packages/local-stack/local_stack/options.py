"""The command line."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from local_stack.emulator import EmulatorOptions

DEFAULT_PORT = 8787

_DESCRIPTION = """\
Run the whole stack of a wiring file on this machine: no AWS account, no Docker.

Each function runs in its own process, with AWS's runtime client. It calls stand-ins: moto for S3, SQS,
Parameter Store and Secrets Manager, an emulator for Amazon Bedrock, and an embedded PostgreSQL for RDS.
Progress and logs go to stderr. Ctrl-C ends everything; a second Ctrl-C kills it immediately."""


@dataclass(frozen=True)
class Options:
    port: int | None
    data_dir: Path | None
    once: Path | None
    root: Path
    wiring: Path
    ready_file: Path | None
    links: dict[str, Path] | None
    emulator: EmulatorOptions | None

    @property
    def port_or_default(self) -> int:
        """Any free port with --once, which only the command itself calls."""
        if self.port is not None:
            return self.port
        return 0 if self.once else DEFAULT_PORT


def parse(argv: list[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="local-stack", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--port", type=_port, metavar="N", help=f"serve the API on this port (default: {DEFAULT_PORT})")
    add("--data-dir", type=Path, metavar="DIR", help="keep the state here; it survives a restart")
    add(
        "--once",
        type=Path,
        metavar="FILE",
        help="submit the request in FILE, wait, print the final status alone on stdout, and end;"
        " exit 0 only when it succeeded",
    )
    add("--root", type=Path, default=Path(), metavar="DIR", help="the repository (default: this directory)")
    add("--wiring", type=Path, metavar="FILE", help="default: infra/wiring.json in the repository")
    add("--ready-file", type=Path, metavar="FILE", help="when ready, write addresses and process ids here")
    add(
        "--link",
        action="append",
        type=_link,
        metavar="NAME=PATH",
        help="a file or directory in the functions' task root (repeatable); default: the packages in functions/,"
        " and database/migrations",
    )
    model = parser.add_argument_group("the stand-in for Amazon Bedrock")
    model.add_argument("--bedrock-plan", metavar="FILE", help="a plan of injected errors, delays and answers")
    model.add_argument("--bedrock-latency-ms", type=int, metavar="N", help="wait before every answer")
    model.add_argument("--forward-to", metavar="URL", help="an OpenAI-compatible server that answers instead")
    model.add_argument("--forward-model", metavar="NAME", help="its model")
    model.add_argument("--without-bedrock", action="store_true", help="start no stand-in for it")
    given = parser.parse_args(argv)
    if given.forward_model and not given.forward_to:
        parser.error("--forward-model goes with --forward-to")
    emulator = EmulatorOptions(given.bedrock_plan, given.bedrock_latency_ms, given.forward_to, given.forward_model)
    return Options(
        port=given.port,
        data_dir=given.data_dir,
        once=given.once,
        root=given.root,
        wiring=given.wiring or given.root / "infra" / "wiring.json",
        ready_file=given.ready_file,
        links=dict(given.link) if given.link else None,
        emulator=None if given.without_bedrock else emulator,
    )


def _port(text: str) -> int:
    port = int(text) if text.isdecimal() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return port


def _link(text: str) -> tuple[str, Path]:
    name, separator, path = text.partition("=")
    if not separator or not name or name.startswith("/") or ".." in Path(name).parts:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH")
    return name, Path(path)
