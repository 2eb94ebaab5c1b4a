"""The allocation of a run, made before anything starts: ports, directories, the checked wiring."""

import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from local_stack import resources as r
from local_stack import wiring as w
from local_stack.connections import Connections, connect
from local_stack.emulator import free_port
from local_stack.errors import UsageError
from local_stack.options import Options
from local_stack.postgres import Database
from local_stack.runtime import task_root
from local_stack.state_dir import lock_data_dir, make_run_dir


@dataclass(frozen=True)
class Allocation:
    """Everything that a stack needs before its first process. Made by `prepare`."""

    wiring: w.Wiring
    connections: Connections
    api_listener: socket.socket
    cloud_listener: socket.socket
    emulator_port: int
    run_dir: Path
    data_dir: Path | None
    data_lock: int | None
    task_root: Path
    database: Database | None
    password: str

    @property
    def api_url(self) -> str:
        return _url(self.api_listener)

    @property
    def aws_endpoint_url(self) -> str:
        return _url(self.cloud_listener)

    @property
    def bedrock_endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.emulator_port}"


def prepare(options: Options) -> Allocation:
    """Raises UsageError for a mistake in the options or the wiring; then nothing is left behind."""
    file = w.load(options.wiring)
    api_listener = _listen(options.port_or_default)
    data_lock = lock_data_dir(options.data_dir) if options.data_dir else None
    run_dir = make_run_dir()
    try:
        return _fill(options, file, api_listener, data_lock, run_dir)
    except BaseException:
        shutil.rmtree(run_dir, ignore_errors=True)
        raise


def _fill(
    options: Options, file: w.WiringFile, api_listener: socket.socket, data_lock: int | None, run_dir: Path
) -> Allocation:
    cloud_listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    socket_directory = run_dir / "s"
    wiring = w.resolve(file, w.Surroundings(_url(cloud_listener), str(socket_directory)))
    links = task_root.default_links(options.root) if options.links is None else options.links
    password = _password(options.data_dir)
    return Allocation(
        wiring=wiring,
        connections=connect(wiring),
        api_listener=api_listener,
        cloud_listener=cloud_listener,
        emulator_port=free_port(),
        run_dir=run_dir,
        data_dir=options.data_dir.resolve() if options.data_dir else None,
        data_lock=data_lock,
        task_root=task_root.make(run_dir / "task", links),
        database=_database(wiring, socket_directory, password),
        password=password,
    )


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=1024)
    except PermissionError as exc:
        raise UsageError(f"port {port} needs privileges: choose another with --port N") from exc
    except OSError as exc:
        raise UsageError(f"port {port} is in use: choose another with --port N") from exc


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _password(data_dir: Path | None) -> str:
    """A new password, or the one that the data directory's database was created with."""
    fresh = secrets.token_urlsafe(24)
    if data_dir is None:
        return fresh
    kept = data_dir / "database-password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(fresh)
    return kept.read_text()


def _database(wiring: w.Wiring, socket_directory: Path, password: str) -> Database | None:
    for instance in wiring.of_type(r.DatabaseInstance).values():
        return Database(socket_directory, instance.port, instance.db_name, instance.username, password)
    return None
