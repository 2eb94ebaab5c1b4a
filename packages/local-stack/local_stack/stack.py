"""Start everything at once, serve, and end everything.

The order is only in the waiting: functions start while their services do, and what they ask too early waits
in a socket's queue. The gateway and the event sources open last, when the one-time invocations have succeeded.
"""

import asyncio
import json
import shutil
from typing import TYPE_CHECKING

from local_stack import emulator, output, schedule
from local_stack import resources as r
from local_stack.allocation import Allocation
from local_stack.cloud.plan import plan as plan_cloud
from local_stack.cloud.process import CREDENTIALS
from local_stack.cloud.process import start as start_cloud
from local_stack.errors import StackError
from local_stack.event_source import EventSource, Source
from local_stack.gateway.access import access
from local_stack.gateway.routes import RouteTable
from local_stack.gateway.server import Gateway, Target
from local_stack.options import Options
from local_stack.postgres import Postgres, version
from local_stack.processes import Children
from local_stack.runtime.function import RunningFunction
from local_stack.runtime.invoke_api import InvokeApi
from local_stack.runtime.runtime_api import RuntimeApi
from local_stack.runtime.settings import Platform
from local_stack.secret_values import secret_values
from local_stack.wiring import ACCOUNT_ID

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

STOP_WITHIN_SECONDS = 3.0


class Stack:
    def __init__(self, allocation: Allocation, options: Options) -> None:
        self.allocation = allocation
        self._options = options
        self.children = Children()
        self.services: dict[str, asyncio.subprocess.Process] = {}
        platform = Platform(
            allocation.wiring.region,
            allocation.task_root,
            {
                "AWS_ENDPOINT_URL": allocation.aws_endpoint_url,
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": allocation.bedrock_endpoint_url,
            },
        )
        self._runtime_api = RuntimeApi(self.children, allocation.wiring, platform)
        self.functions = {
            name: RunningFunction(function, self._runtime_api.start_environment)
            for name, function in allocation.wiring.of_type(r.Function).items()
        }
        by_name = {running.function.name: running.invoke for running in self.functions.values()}
        self.invoke_api = InvokeApi(allocation.wiring, by_name)
        self._database_ready = asyncio.Event()
        self._cloud_ready = asyncio.Event()
        self._gateway = self._make_gateway()
        self._sources: list[EventSource] = []
        self._schedules: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self._runtime_api.open()
        async with asyncio.TaskGroup() as starting:
            for start in (self._start_cloud, self._start_database, self._start_emulator):
                starting.create_task(start())
            for name in self._called_soon():
                self.functions[name].warm_up()
            sqs = starting.create_task(asyncio.to_thread(self._connect))
            starting.create_task(self._invoke_once())
        await self._gateway.open(self.allocation.api_listener)
        await self.invoke_api.open()
        self._open_sources(sqs.result())
        self._start_schedules()

    async def until_a_service_ends(self) -> None:
        """None of them should."""
        waits = {asyncio.create_task(process.wait()): name for name, process in self.services.items()}
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        raise StackError(f"{waits[done.pop()]} has ended by itself")

    async def stop(self) -> None:
        for task in self._schedules:
            task.cancel()
        for source in self._sources:
            await source.stop()
        await self._gateway.close()
        await self.invoke_api.close()
        # Before the services, so that none of them waits for a client.
        await asyncio.gather(*(function.stop() for function in self.functions.values()))
        await self._runtime_api.close()
        await self.children.stop_all(STOP_WITHIN_SECONDS)
        shutil.rmtree(self.allocation.run_dir, ignore_errors=True)

    def _called_soon(self) -> list[str]:
        """In the order of need. The others start when they are invoked, as on Lambda."""
        connections, queues = self.allocation.connections, self.allocation.wiring.of_type(r.Queue)
        policies = [queue.redrive_policy for queue in queues.values()]
        dead_letters = {policy.dead_letter_target_arn for policy in policies if policy}
        invoked = list(connections.invocations.values())
        routed = [routed.to.function for routed in connections.routes.values()]
        mapped = [function for m, _, function in connections.mappings if m.event_source_arn not in dead_letters]
        return list(dict.fromkeys(invoked + routed + mapped))

    async def _start_cloud(self) -> None:
        allocation = self.allocation
        state_dir = allocation.data_dir / "cloud" if allocation.data_dir else None
        self.services["moto"] = await start_cloud(
            self.children,
            plan_cloud(allocation.wiring, secret_values(allocation)),
            allocation.cloud_listener,
            state_dir,
            allocation.data_lock,
        )
        self._cloud_ready.set()
        output.write_line("moto serves S3, SQS, Parameter Store and Secrets Manager")

    async def _start_database(self) -> None:
        allocation = self.allocation
        if allocation.database:
            data_dir = (allocation.data_dir or allocation.run_dir) / "postgres"
            server = Postgres(self.children, allocation.database, data_dir, durable=allocation.data_dir is not None)
            self.services["PostgreSQL"] = await server.start(allocation.data_lock)
            output.write_line(f"PostgreSQL {version()} serves the database {allocation.database.name}")
            self._database_ready.set()

    async def _start_emulator(self) -> None:
        if self._options.emulator:
            self.services["bedrock-emulator"] = await emulator.start(
                self.children, self._options.emulator, self.allocation.emulator_port
            )
            output.write_line("bedrock-emulator serves Amazon Bedrock's runtime")

    async def _invoke_once(self) -> None:
        """A failure fails the start, as it fails a deploy.

        A function waits for its dependencies with timeouts for AWS, which a start on a busy machine exceeds.
        """
        await self._cloud_ready.wait()
        if self.allocation.database:
            await self._database_ready.wait()
        for name, function in self.allocation.connections.invocations.items():
            event = self.allocation.wiring.of_type(r.Invocation)[name].input
            result = await self.functions[function].invoke(json.dumps(event).encode())
            if result.function_error:
                raise StackError(f"{name}: the invocation failed: {result.payload.decode(errors='replace')}")
            output.write_line(f"{name}: {result.payload.decode(errors='replace')[:500]}")

    def _make_gateway(self) -> Gateway:
        connections = self.allocation.connections
        region = self.allocation.wiring.region
        authorize = access(connections.routes, region, CREDENTIALS["AWS_SECRET_ACCESS_KEY"])
        targets = {
            key: Target(self.functions[routed.to.function].invoke, routed.to.timeout_seconds, authorize[key])
            for key, routed in connections.routes.items()
        }
        return Gateway(connections.api_id, region, RouteTable(targets), connections.cors)

    def _connect(self) -> "SQSClient":
        """In a thread, because the import takes half a second."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "sqs",
            endpoint_url=self.allocation.aws_endpoint_url,
            region_name=self.allocation.wiring.region,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=20),
        )

    def _open_sources(self, sqs: "SQSClient") -> None:
        wiring = self.allocation.wiring
        for mapping, queue_name, function_name in self.allocation.connections.mappings:
            queue = wiring.of_type(r.Queue)[queue_name]
            url = f"{self.allocation.aws_endpoint_url}/{ACCOUNT_ID}/{queue.name}"
            source = Source(url, mapping.event_source_arn, wiring.region)
            function = self.functions[function_name]
            self._sources.append(EventSource(mapping, source, function.concurrency, function.invoke, sqs))
            self._sources[-1].start()

    def _start_schedules(self) -> None:
        for name, item in self.allocation.connections.schedules.items():
            invoke = self.functions[item.function].invoke
            self._schedules.append(asyncio.create_task(schedule.keep_invoking(name, item.rate, item.event, invoke)))
