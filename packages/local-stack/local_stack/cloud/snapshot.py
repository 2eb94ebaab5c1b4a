"""Keep moto's state in a directory: S3 objects, SQS messages, and the values of parameters and secrets.

One file an item, written to a temporary name and renamed, only when the item has changed. moto offers no such
thing, so this reads its backends; `tests/test_cloud.py` pins what it relies on.
Not kept: versions of objects, multipart uploads under way, tags.
"""

import base64
import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from moto.s3.models import FakeKey
from moto.sqs.models import Message, Queue

from local_stack.cloud.backends import Backends

# Everything of a message that changes after it was sent, and that a consumer can observe.
_MESSAGE_FIELDS = (
    "id",
    "body",
    "receipt_handle",
    "_old_receipt_handles",
    "sender_id",
    "sent_timestamp",
    "approximate_first_receive_timestamp",
    "approximate_receive_count",
    "visible_at",
    "delayed_until",
    "system_attributes",
)

_FILE_NAME_LENGTH = 40

type Item = tuple[Path, object, Callable[[], bytes]]  # path, state to compare, contents


class Snapshot:
    def __init__(self, directory: Path, backends: Backends) -> None:
        self._directory = directory
        self._backends = backends
        self._s3 = backends.s3
        self._sqs = backends.sqs
        self._written: dict[Path, object] = {}

    def save(self) -> None:
        seen: set[Path] = set()
        for path, state, contents in self._items():
            seen.add(path)
            if self._written.get(path) != state:
                _write(path, contents())
                self._written[path] = state
        for path in self._written.keys() - seen:
            path.unlink(missing_ok=True)
            del self._written[path]

    def load(self) -> None:
        """Into the resources of the wiring, which exist by now. What belonged to others is left alone."""
        for bucket in self._s3.buckets.values():
            for path in self._kept("s3", bucket.name):
                self._load_object(bucket.name, path.read_bytes())
        for queue in self._sqs.queues.values():
            kept = [json.loads(path.read_bytes()) for path in self._kept("sqs", queue.name)]
            for state in sorted(kept, key=lambda state: state["sent_timestamp"]):
                self._load_message(queue, state)
        values = self._directory / "values.json"
        if values.exists():
            self._load_values(json.loads(values.read_bytes()))
        self._written = {path: state for path, state, _ in self._items()}

    def _kept(self, service: str, name: str) -> list[Path]:
        """Not what a kill has left half written."""
        return sorted((self._directory / service / name).glob("?" * _FILE_NAME_LENGTH))

    def _items(self) -> Iterator[Item]:
        for bucket in list(self._s3.buckets.values()):
            for name, key in list(bucket.keys.items()):
                if isinstance(key, FakeKey):
                    path = self._directory / "s3" / bucket.name / _file_name(name)
                    yield path, (key.etag, key.last_modified, dict(key.metadata)), _object_contents(key)
        for queue in list(self._sqs.queues.values()):
            for message in list(queue._messages):
                path = self._directory / "sqs" / queue.name / _file_name(message.id)
                state = (message.visible_at, message.delayed_until, message.approximate_receive_count)
                yield path, state, _message_contents(message)
        values = self._values()
        yield self._directory / "values.json", values, lambda: json.dumps(values, indent=1).encode()

    def _values(self) -> dict[str, dict[str, dict[str, str | None]]]:
        """Beside each value the wiring's: a wiring that has changed since wins, as a deploy would."""
        plan, b = self._backends.plan, self._backends
        return {
            "parameters": {p.name: {"wired": p.value, "current": b.parameter_value(p.name)} for p in plan.parameters},
            "secrets": {s.name: {"wired": s.value, "current": b.secret_value(s.name)} for s in plan.secrets},
        }

    def _load_values(self, kept: dict[str, dict[str, dict[str, str | None]]]) -> None:
        for parameter in self._backends.plan.parameters:
            state = kept["parameters"].get(parameter.name, {})
            current = state.get("current")
            if state.get("wired") == parameter.value and current not in (None, parameter.value):
                self._backends.put_parameter(parameter, current)
        for secret in self._backends.plan.secrets:
            state = kept["secrets"].get(secret.name, {})
            current = state.get("current")
            if state.get("wired") == secret.value and current not in (None, secret.value):
                self._backends.put_secret(secret, current)

    def _load_object(self, bucket: str, contents: bytes) -> None:
        head, _, body = contents.partition(b"\n")
        state = json.loads(head)
        key = self._s3.put_object(bucket, state["key"], body, disable_notification=True)
        key.set_metadata(state["metadata"])
        key.last_modified = datetime.fromisoformat(state["last_modified"])

    def _load_message(self, queue: Queue, state: dict[str, Any]) -> None:
        message = Message(state["id"], state["body"])
        for field in _MESSAGE_FIELDS:
            setattr(message, field, state[field])
        message.message_attributes = _attributes_from_json(state["message_attributes"])
        queue._messages.append(message)
        if not message.visible:
            queue.pending_messages.add(message)


def _object_contents(key: FakeKey) -> Callable[[], bytes]:
    def contents() -> bytes:
        head = {
            "key": key.name,
            "last_modified": key.last_modified.isoformat(),
            "metadata": dict(key.metadata),
        }
        return json.dumps(head).encode() + b"\n" + key.value

    return contents


def _message_contents(message: Message) -> Callable[[], bytes]:
    def contents() -> bytes:
        state = {field: getattr(message, field) for field in _MESSAGE_FIELDS}
        state["message_attributes"] = _attributes_to_json(message.message_attributes)
        return json.dumps(state).encode()

    return contents


def _attributes_to_json(attributes: dict[str, Any]) -> dict[str, Any]:
    """A binary value is bytes, which JSON does not have."""
    return {
        name: {k: {"base64": base64.b64encode(v).decode()} if isinstance(v, bytes) else v for k, v in a.items()}
        for name, a in attributes.items()
    }


def _attributes_from_json(attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {k: base64.b64decode(v["base64"]) if isinstance(v, dict) else v for k, v in a.items()}
        for name, a in attributes.items()
    }


def _file_name(name: str) -> str:
    """An object's key may hold slashes and be longer than a file name may be."""
    return hashlib.sha256(name.encode()).hexdigest()[:_FILE_NAME_LENGTH]


def _write(path: Path, contents: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.part")
    try:
        temporary.write_bytes(contents)
        temporary.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
