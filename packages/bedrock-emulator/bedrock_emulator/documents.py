"""The one loose type of the package: a JSON object as it came off the wire."""

from typing import Any

type Document = dict[str, Any]
