"""One run: start the stack between its proxies, let clients and faults at it, wait for the end, collect the history."""

import asyncio
import contextlib
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from chaos_harness import collect, product, wiring
from chaos_harness.clients import Clients
from chaos_harness.drivers import Drivers
from chaos_harness.history import History
from chaos_harness.output import say
from chaos_harness.pace import Pace
from chaos_harness.plan import Plan
from chaos_harness.proxies.aws import AwsProxy
from chaos_harness.proxies.flights import Flights
from chaos_harness.proxies.postgres import PostgresProxy
from chaos_harness.proxies.request_faults import RequestFaults
from chaos_harness.stack import Stack
from chaos_harness.waiting import Backlog, until_all_have_ended, until_the_queue_is_empty

WATCHERS_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked for."""

    plan: Plan
    root: Path
    product: Path
    mutant: str | None
    spread_over: float
    """Seconds over which the jobs are spread at least."""
    ends_within: float
    """Seconds after the last fault by which every job has come to its end."""
    log: Path | None
    """Where the stack's log is left."""


class Run:
    """Used once."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        plan = settings.plan
        self._settings = settings
        self._product = settings.root / "infra" / "wiring.json"
        self._pace = Pace()
        self._lease = product.load(settings.product).LEASE_S
        self._flights = Flights()
        self._requests = RequestFaults(plan)
        self._stack = Stack(directory, settings.root)
        port = wiring.database_port(self._product)
        self._database = PostgresProxy(directory / "pg", port, plan.draw("ack-lost"))
        self._drivers = Drivers(plan, self._pace, self._lease, self._stack, self._flights, self._database)
        self._aws = AwsProxy(self._requests, self._flights, self._drivers.kills)

    async def history(self) -> History:
        """All of it. Raises StackFailed."""
        settings = self._settings
        await self._aws.open()
        await self._database.open()
        detours = wiring.Detours(self._aws.url, self._database.directory, settings.product.resolve())
        try:
            derived = wiring.derive(self._product, self._pace, detours, settings.mutant)
            await self._stack.start(derived, settings.plan.model_plan())
            ready = self._stack.ready
            self._aws.connect(ready["aws_endpoint_url"], ready["bedrock_endpoint_url"])
            self._database.connect(ready["database"]["host"])
            say("the stack is ready")
            return await self._observe()
        finally:
            await self._stack.stop()
            await self._aws.close()
            await self._database.close()
            if settings.log and self._stack.log_file.exists():
                settings.log.write_bytes(self._stack.log_file.read_bytes())

    async def _observe(self) -> History:
        settings, plan = self._settings, self._settings.plan
        backlog = Backlog(self._stack, plan.jobs, settings.spread_over)
        clients = Clients(self._stack.ready["api_url"], plan.seed, plan.jobs, backlog.admitted)
        began_at = time.time()
        background = [asyncio.create_task(backlog.keep_counting()), asyncio.create_task(self._keep_sweeping())]
        try:
            async with asyncio.TaskGroup() as working:
                working.create_task(clients.run())
                working.create_task(self._drivers.run(lambda: clients.accepted))
            say(f"all {clients.accepted} are accepted, and every fault has come; waiting for the ends")
            await until_all_have_ended(self._stack, settings.ends_within)
            ended_at = time.time()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(clients.watched(), WATCHERS_WITHIN_S)
            await until_the_queue_is_empty(self._stack)
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await clients.close()
        bites = await self._bites()
        return await asyncio.to_thread(self._history, clients, bites, began_at, ended_at)

    async def _keep_sweeping(self) -> None:
        """The schedule, at the run's pace."""
        method, _, path = wiring.SWEEP_ROUTE.partition(" ")
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(self._stack.ready["api_url"], timeout=timeout) as session:
            while True:
                await asyncio.sleep(self._pace.sweep_every)
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.request(method, path) as answer:
                        await answer.read()

    async def _bites(self) -> dict[str, int]:
        """What the drivers, the proxies and the emulator have counted."""
        found: Counter[str] = self._drivers.bites + self._requests.bites
        found["ack-lost"] = self._database.seen.answers_lost.total()
        url = f"{self._stack.ready['bedrock_endpoint_url']}/_emulator/plan"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            counters = (await answer.json())["rules"]
        for (fault, _), counter in zip(self._settings.plan.model_rules(), counters, strict=True):
            found[fault] += counter["took_effect"]
        return dict(found)

    def _history(self, clients: Clients, bites: dict[str, int], began_at: float, ended_at: float) -> History:
        stack, settings, plan = self._stack, self._settings, self._settings.plan
        said = collect.log_lines(stack)
        return History(
            seed=plan.seed,
            wanted_jobs=plan.jobs,
            faults=plan.faults,
            throttled=settings.spread_over > 0,
            mutant=settings.mutant,
            factor=self._pace.factor,
            lease=self._pace.of(self._lease),
            model_cap=wiring.MODEL_CALLS,
            began_at=began_at,
            ended_at=ended_at,
            submissions=clients.submissions,
            views=clients.views,
            cancellations=clients.cancellations,
            events=collect.events(stack),
            jobs=collect.jobs(stack),
            ledger=collect.ledger(stack),
            spend=collect.spend(stack),
            model_calls=self._flights.report(),
            objects=collect.objects(stack),
            dead_letters=collect.dead_letters(stack),
            strikes=self._drivers.strikes,
            late_refused=collect.late_refused(said),
            nothing_to_do=collect.jobs_of(said, "nothing to do"),
            buried=collect.jobs_of(said, "dead letter recorded"),
            put_off=collect.jobs_of(said, "job postponed"),
            evidence=bites,
            duplicated=self._requests.duplicated,
            delayed=self._requests.delayed,
        )


async def observe(settings: Settings) -> History:
    """A run in a directory of its own, whose path is short enough for a unix socket."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as directory:
        path = Path(directory)
        path.chmod(0o755)
        return await Run(settings, path).history()
