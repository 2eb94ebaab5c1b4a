"""A request as it arrived, with nothing interpreted yet."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    method: str
    target: str  # path and query string as they were sent
    protocol: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str

    @property
    def raw_path(self) -> str:
        path = self.target.partition("?")[0]
        return path if path.startswith("/") else "/" + path

    @property
    def query_string(self) -> str:
        return self.target.partition("#")[0].partition("?")[2]

    def header(self, name: str) -> str:
        return ",".join(value for key, value in self.headers if key.lower() == name)
