"""Answers from an OpenAI-compatible server (`--forward-to`), in place of the emulator's own."""

from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from bedrock_emulator.answers import Answer
from bedrock_emulator.chat_completions import answer_from, completion_request
from bedrock_emulator.documents import Document
from bedrock_emulator.errors import ServiceError

_TIMEOUT = ClientTimeout(total=300, sock_connect=5)  # seconds; a model on a laptop can take minutes


class Forwarder:
    """`url` ends before /chat/completions; without `model` the Bedrock model id is passed on."""

    def __init__(self, url: str, model: str | None) -> None:
        self._url = url.rstrip("/") + "/chat/completions"
        self._model = model
        self._session: ClientSession | None = None

    async def answer(self, parameters: Document) -> Answer:
        """Raises ServiceError: ServiceUnavailableException when the server does not answer or is overloaded,
        ModelTimeoutException when it takes too long, ModelErrorException when its answer is of no use."""
        if self._session is None:
            self._session = ClientSession(timeout=_TIMEOUT)
        request = completion_request(parameters, self._model or parameters["modelId"])
        try:
            async with self._session.post(self._url, json=request) as response:
                status = response.status
                reply: Any = await response.json(content_type=None) if status < 400 else None
        except TimeoutError as exc:
            raise ServiceError("ModelTimeoutException", f"{self._url} took too long.") from exc
        except ClientError as exc:
            raise ServiceError(
                "ServiceUnavailableException", f"{self._url} does not answer: {type(exc).__name__}"
            ) from exc
        except ValueError as exc:
            raise ServiceError("ModelErrorException", f"{self._url} sent no JSON.") from exc
        if status == 429 or status >= 500:
            raise ServiceError("ServiceUnavailableException", f"{self._url} answered {status}.")
        if status >= 400:
            raise ServiceError("ModelErrorException", f"{self._url} answered {status}.")
        try:
            return answer_from(reply, parameters)
        except (KeyError, IndexError, TypeError, AttributeError) as exc:
            raise ServiceError("ModelErrorException", f"{self._url} sent no chat completion.") from exc

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
