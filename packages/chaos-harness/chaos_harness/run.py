"""One run: starts the stack behind its proxies, then clients and faults, waits for the end, collects the history."""

import asyncio
import contextlib
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from chaos_harness import collect, wiring
from chaos_harness.api import Api
from chaos_harness.clients import Clients
from chaos_harness.drivers import Drivers
from chaos_harness.flood import DAILY_BYTES, flood
from chaos_harness.history import Event, History, Job, LedgerRow, Spend, View
from chaos_harness.output import progress
from chaos_harness.pace import Pace
from chaos_harness.plan import Plan
from chaos_harness.product import load
from chaos_harness.proxies.aws import AwsProxy
from chaos_harness.proxies.flights import Flights
from chaos_harness.proxies.outages import Outages
from chaos_harness.proxies.postgres import PostgresProxy
from chaos_harness.proxies.request_faults import RequestFaults
from chaos_harness.stack import Stack
from chaos_harness.waiting import LOOK_EVERY_S, Backlog, until_all_have_ended, until_the_queue_is_empty

WATCHERS_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a run."""

    plan: Plan
    root: Path
    product: Path
    mutant: str | None
    spread_over: float
    """Seconds over which the submissions are spread at least."""
    ends_within: float
    """Longest wait for the end of all jobs after the last fault, in seconds."""
    log: Path | None
    """File for the log of the stack."""


class Run:
    """One run. An instance is used once."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        plan = settings.plan
        self._settings = settings
        self._product = load(settings.product)
        self._wiring = settings.root / "infra" / "wiring.json"
        self._pace = Pace()
        self._flights = Flights()
        self._outages = Outages()
        self._requests = RequestFaults(plan)
        self._stack = Stack(directory, settings.root)
        port = wiring.database_port(self._wiring)
        self._database = PostgresProxy(directory / "pg", port, plan.draw("ack-lost"))
        self._drivers = Drivers(
            plan, self._pace, self._product, self._stack, self._flights, self._outages, self._database
        )
        self._aws = AwsProxy(self._requests, self._flights, self._outages, self._drivers.kills)

    async def history(self) -> History:
        """Make the run and return its history. Raises StackFailed."""
        settings = self._settings
        await self._aws.open()
        await self._database.open()
        changes = wiring.Changes(
            self._pace, self._aws.url, self._database.directory, settings.product.resolve(), settings.mutant
        )
        try:
            derived = wiring.derive(self._wiring, self._product, changes)
            await self._stack.start(derived, settings.plan.model_plan(self._product.text_of))
            ready = self._stack.ready
            self._aws.connect(ready["aws_endpoint_url"], ready["bedrock_endpoint_url"])
            self._database.connect(ready["database"]["host"])
            progress("the stack is ready")
            return await self._observe()
        finally:
            await self._stack.stop()
            await self._aws.close()
            await self._database.close()
            if settings.log and self._stack.log_file.exists():
                settings.log.write_bytes(self._stack.log_file.read_bytes())

    async def _observe(self) -> History:
        settings, plan = self._settings, self._settings.plan
        backlog = Backlog(self._stack, self._product.QUERIES.due_jobs, plan.jobs, settings.spread_over)
        api = Api(self._stack.ready["api_url"])
        api.open()
        clients = Clients(api, plan.seed, plan.jobs, self._product.request_body, backlog.admitted)
        began_at = time.time()
        background = [asyncio.create_task(backlog.keep_counting()), asyncio.create_task(self._keep_sweeping())]
        try:
            async with asyncio.TaskGroup() as working:
                working.create_task(clients.run())
                working.create_task(self._flood(api, lambda: clients.accepted))
                working.create_task(self._drivers.run(lambda: clients.accepted))
            progress(f"all {clients.accepted} jobs are accepted and all faults injected; waiting for the jobs to end")
            await until_all_have_ended(self._stack, self._product.QUERIES.open_jobs, settings.ends_within)
            ended_at = time.time()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(clients.watched(), WATCHERS_WITHIN_S)
            await until_the_queue_is_empty(self._stack)
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await clients.close()
            await api.close()
        evidence = await self._evidence()
        return await asyncio.to_thread(self._history, api, clients.views, evidence, (began_at, ended_at))

    async def _flood(self, api: Api, accepted: Callable[[], int]) -> None:
        """Let a tenant flood the pipeline once half of the documents are accepted."""
        jobs = self._settings.plan.jobs
        while accepted() < jobs // 2:
            await asyncio.sleep(LOOK_EVERY_S)
        await flood(api, jobs, self._product.request_body)

    async def _keep_sweeping(self) -> None:
        """Call the sweeper at the run's pace, in place of its schedule."""
        method, _, path = wiring.SWEEP_ROUTE.partition(" ")
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(self._stack.ready["api_url"], timeout=timeout) as session:
            while True:
                await asyncio.sleep(self._pace.sweep_every)
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.request(method, path) as answer:
                        await answer.read()

    async def _evidence(self) -> dict[str, int]:
        """The injections that the drivers, the proxies and the emulator counted."""
        found: Counter[str] = self._drivers.took_effect + self._requests.took_effect
        found["ack-lost"] = self._database.seen.answers_lost.total()
        url = f"{self._stack.ready['bedrock_endpoint_url']}/_emulator/plan"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            counters = (await answer.json())["rules"]
        for (fault, _), counter in zip(self._settings.plan.model_rules(self._product.text_of), counters, strict=True):
            found[fault] += counter["took_effect"]
        return dict(found)

    def _history(self, api: Api, views: list[View], evidence: dict[str, int], times: tuple[float, float]) -> History:
        stack, settings, plan = self._stack, self._settings, self._settings.plan
        log, messages, queries = collect.log_lines(stack), self._product.LOG_MESSAGES, self._product.QUERIES
        return History(
            seed=plan.seed,
            requested_jobs=plan.jobs,
            faults=plan.faults,
            throttled=settings.spread_over > 0,
            mutant=settings.mutant,
            factor=self._pace.factor,
            lease=self._pace.of(self._product.LEASE_S),
            model_cap=wiring.MODEL_CALLS,
            circuit_pause=self._pace.of(self._product.CIRCUIT_PAUSE_S),
            daily_bytes=DAILY_BYTES,
            began_at=times[0],
            ended_at=times[1],
            submissions=api.submissions,
            views=views,
            cancellations=api.cancellations,
            events=collect.rows(stack, queries.events, Event),
            jobs=collect.rows(stack, queries.jobs, Job),
            ledger=collect.rows(stack, queries.ledger, LedgerRow),
            spend=collect.rows(stack, queries.spend, Spend),
            model_calls=self._flights.report(),
            objects=collect.objects(stack),
            dead_letters=collect.dead_letters(stack),
            worker_faults=self._drivers.worker_faults,
            late_refused=collect.late_refused(log, messages.late_result_refused),
            nothing_to_do=collect.jobs_of(log, messages.nothing_to_do),
            recorded_dead_letters=collect.jobs_of(log, messages.dead_letter_recorded),
            postponed=collect.jobs_of(log, messages.job_postponed),
            evidence=evidence,
            duplicated=self._requests.duplicated,
            delayed=self._requests.delayed,
            outages=self._outages.all,
        )


async def observe(settings: Settings) -> History:
    """Make a run in a temporary directory, whose path is short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as directory:
        path = Path(directory)
        path.chmod(0o755)
        return await Run(settings, path).history()
