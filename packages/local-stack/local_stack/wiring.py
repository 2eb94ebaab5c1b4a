"""Load the wiring file and resolve its `${Resource.attribute}` references.

Every attribute is known before anything starts: ports and the socket directory are taken first, and the
stand-ins are given their names. So a mistake in the file is reported with nothing started, and all
parts can start at the same time.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from local_stack import resources as r
from local_stack.errors import UsageError

ACCOUNT_ID = "111122223333"  # the placeholder account of AWS's documentation

_REFERENCE = re.compile(r"\$\{([^}]*)\}")


class RawResource(BaseModel):
    model_config = ConfigDict(extra="forbid")

    type: str
    inputs: dict[str, Any] = {}


class WiringFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project: str
    stage: str
    region: str
    resources: dict[str, RawResource]


@dataclass(frozen=True)
class Surroundings:
    """Values that a deployed stack gets from AWS, and this one from the sockets opened at the start."""

    aws_endpoint_url: str
    socket_directory: str


@dataclass(frozen=True)
class Wiring:
    """The resources by logical name, with every reference replaced by its value."""

    project: str
    stage: str
    region: str
    resources: dict[str, r.Resource] = field(repr=False)

    def of_type[T: r.Resource](self, kind: type[T]) -> dict[str, T]:
        return {name: res for name, res in self.resources.items() if isinstance(res, kind)}

    def arn(self, service: str, name: str) -> str:
        return _arn(self.region, service, name)


def load(path: Path) -> WiringFile:
    try:
        return WiringFile.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise UsageError(f"cannot read the wiring file {path}: {exc.strerror}") from exc
    except ValidationError as exc:
        raise UsageError(f"{path} is not a wiring file: {_first_mistake(exc)}") from exc


def resolve(file: WiringFile, surroundings: Surroundings) -> Wiring:
    resolver = _Resolver(file, surroundings)
    found = {name: resolver.resource(name) for name in file.resources}
    return Wiring(file.project, file.stage, file.region, found)


class _Resolver:
    def __init__(self, file: WiringFile, surroundings: Surroundings) -> None:
        self._file = file
        self._surroundings = surroundings
        self._done: dict[str, r.Resource] = {}
        self._open: list[str] = []

    def resource(self, name: str) -> r.Resource:
        if name in self._done:
            return self._done[name]
        if name in self._open:
            raise UsageError(f"references form a circle: {' -> '.join([*self._open, name])}")
        raw = self._file.resources[name]
        model = r.TYPES.get(raw.type)
        if model is None:
            raise UsageError(f"{name}: the local stack does not know the resource type {raw.type}")
        self._open.append(name)
        inputs = self._substitute(name, raw.inputs)
        self._open.pop()
        try:
            self._done[name] = model.model_validate(inputs)
        except ValidationError as exc:
            raise UsageError(f"{name} ({raw.type}): {_first_mistake(exc)}") from exc
        return self._done[name]

    def _substitute(self, owner: str, value: object) -> Any:
        if isinstance(value, dict):
            return {key: self._substitute(owner, item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._substitute(owner, item) for item in value]
        if isinstance(value, str):
            return _REFERENCE.sub(lambda match: self._value(owner, match), value)
        return value

    def _value(self, owner: str, match: re.Match[str]) -> str:
        name, _, attribute = match.group(1).partition(".")
        if name not in self._file.resources:
            raise UsageError(f"{owner}: the reference {match.group(0)} names no resource of this file")
        resource = self.resource(name)
        known = _attributes(name, resource, self._file.region, self._surroundings)
        if attribute not in known:
            kinds = ", ".join(known) or "none"
            raise UsageError(f"{owner}: the reference {match.group(0)} is unknown; {name} has {kinds}")
        return known[attribute]


def _arn(region: str, service: str, name: str) -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT_ID}:{name}"


def secret_arn(region: str, name: str) -> str:
    """AWS adds six random characters; these are derived, so that they are known before the start."""
    suffix = hashlib.sha256(name.encode()).hexdigest()[:6]
    return _arn(region, "secretsmanager", f"secret:{name}-{suffix}")


def generated_id(name: str) -> str:
    """Ten characters, as API Gateway's ids have; the same at every start."""
    return hashlib.sha256(name.encode()).hexdigest()[:10]


def _attributes(name: str, resource: r.Resource, region: str, here: Surroundings) -> dict[str, str]:
    tables: dict[type[r.Resource], Callable[[Any], dict[str, str]]] = {
        r.Queue: lambda q: {
            "url": f"{here.aws_endpoint_url}/{ACCOUNT_ID}/{q.name}",
            "arn": _arn(region, "sqs", q.name),
            "name": q.name,
        },
        r.Bucket: lambda b: {"bucket": b.bucket, "arn": f"arn:aws:s3:::{b.bucket}"},
        r.Parameter: lambda p: {
            "name": p.name,
            "arn": _arn(region, "ssm", f"parameter/{p.name.lstrip('/')}"),
        },
        r.Secret: lambda s: {"arn": secret_arn(region, s.name), "name": s.name},
        r.DatabaseInstance: lambda d: {
            "address": here.socket_directory,
            "port": str(d.port),
            "dbName": d.db_name,
            "username": d.username,
        },
        r.Function: lambda f: {"name": f.name, "arn": _arn(region, "lambda", f"function:{f.name}")},
        r.Api: lambda _: {"id": generated_id(name)},
        r.Authorizer: lambda _: {"id": generated_id(name)},
        r.Integration: lambda _: {"id": generated_id(name)},
    }
    table = tables.get(type(resource))
    return table(resource) if table else {}


def _first_mistake(error: ValidationError) -> str:
    mistake = error.errors()[0]
    where = ".".join(str(part) for part in mistake["loc"])
    if mistake["type"] == "extra_forbidden":
        return f"the property {where} is not interpreted by the local stack"
    message = mistake["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
