"""The emulator's own paths below /_emulator: health, the fault plan, what calls there were."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bedrock_emulator import EMULATOR
from bedrock_emulator.emulator import Emulator
from bedrock_emulator.errors import PlanError
from bedrock_emulator.rule_book import RuleBook


def add_control_routes(app: web.Application, emulator: Emulator) -> None:
    control = _Control(emulator)
    routes: dict[tuple[str, str], Callable[[web.Request], Awaitable[web.Response]]] = {
        ("GET", "health"): control.health,
        ("GET", "plan"): control.get_plan,
        ("PUT", "plan"): control.put_plan,
        ("DELETE", "plan"): control.delete_plan,
        ("GET", "calls"): control.get_calls,
        ("DELETE", "calls"): control.delete_calls,
    }
    for (method, name), handler in routes.items():
        app.router.add_route(method, f"/_emulator/{name}", handler)


class _Control:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def health(self, _: web.Request) -> web.Response:
        return _json({"status": "ok", "emulator": EMULATOR, "note": "This is not Amazon Bedrock."})

    async def get_plan(self, _: web.Request) -> web.Response:
        plan = self._emulator.rules.plan
        shown = plan.model_dump(exclude_defaults=True) if plan else {"rules": []}
        return _json({"plan": shown, "rules": self._emulator.rules.counters()})

    async def put_plan(self, request: web.Request) -> web.Response:
        """Puts a plan in force, with all its counters at nought; a bad one changes nothing."""
        from bedrock_emulator.plan import read_plan

        try:
            plan = read_plan(json.loads(await request.read()), self._emulator.service.error_codes())
        except PlanError as exc:
            return _json({"message": str(exc)}, status=400)
        except ValueError as exc:
            return _json({"message": f"The fault plan is not JSON: {exc}"}, status=400)
        self._emulator.rules = RuleBook(plan)
        return _json({"rules": len(plan.rules)})

    async def delete_plan(self, _: web.Request) -> web.Response:
        self._emulator.rules = RuleBook()
        return _json({"rules": 0})

    async def get_calls(self, _: web.Request) -> web.Response:
        return _json({**self._emulator.calls.report(), "rules": self._emulator.rules.counters()})

    async def delete_calls(self, _: web.Request) -> web.Response:
        self._emulator.calls.clear()
        return _json({"total": 0})


def _json(document: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(document, status=status, headers={"x-emulator": EMULATOR})
