"""Invoke again and again: the runs of a series are alike, and botocore would prepare each from scratch.

That takes longer than signing and sending do, and while twenty threads are at it, the window waits.
"""

import threading
import uuid
from collections.abc import Mapping
from typing import Any

_MOST_KEPT = 50  # kinds of requests; each is kept without its payload


class InvokeAgain:
    """The `invoke` of a client for many calls that differ in their payload at most. For many threads.

    The first of a kind goes through botocore, and what it was serialized to is kept. Further ones are made of
    that with their own payload: botocore's signer signs each, with the credentials as they are then, and the
    client's session sends it, once. Successes are read here, as botocore's parser does; any other answer is
    handed to botocore as if it had just come.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._endpoint = client._endpoint
        self._model = client.meta.service_model.operation_model("Invoke")
        self._headers = {
            name: shape.serialization["name"].lower()
            for name, shape in self._model.output_shape.members.items()
            if shape.serialization.get("location") == "header"
        }
        self._kept: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
        self._here = threading.local()  # noted: what this thread's request is; answer: what is to be read
        events = client.meta.events
        events.register_last("before-call.lambda.Invoke", self._note_request)
        events.register_first("choose-signer.lambda.Invoke", self._leave_unsigned)
        events.register_first("before-send.lambda.Invoke", self._give_answer)

    def invoke(self, **params: Any) -> Mapping[str, Any]:
        """What the client's own `invoke` returns or raises. params: all texts, but for the Payload."""
        kind = tuple((name, value) for name, value in params.items() if name != "Payload")
        kept = self._kept.get(kind)
        if kept is not None:
            return self._invoke_again(kept, params)
        self._here.noted = None
        reply: Mapping[str, Any] = self._client.invoke(**params)
        if self._here.noted is not None and len(self._kept) < _MOST_KEPT:
            self._kept[kind] = self._here.noted
        return reply

    def _invoke_again(self, kept: dict[str, Any], params: dict[str, Any]) -> Mapping[str, Any]:
        # As botocore has it for a first attempt.
        context = {**kept["context"], "retries": {"attempt": 1, "invocation-id": str(uuid.uuid4())}}
        request = {**kept, "body": params["Payload"], "context": context}
        prepared = self._endpoint.create_request(request, self._model)
        answer = self._endpoint.http_session.send(prepared)
        if 200 <= answer.status_code < 300:
            return self._read(answer)
        self._here.answer = answer
        try:
            reply: Mapping[str, Any] = self._client.invoke(**params)
        finally:
            del self._here.answer
        return reply

    def _read(self, answer: Any) -> dict[str, Any]:
        from botocore.endpoint import convert_to_response_dict

        response = convert_to_response_dict(answer, self._model)
        self._client.meta.events.emit(
            "before-parse.lambda.Invoke",
            operation_model=self._model,
            response_dict=response,
            customized_response_dict={},
        )
        headers = {name.lower(): value for name, value in answer.headers.items()}
        reply = {name: headers[header] for name, header in self._headers.items() if header in headers}
        reply["StatusCode"] = answer.status_code
        reply["Payload"] = response["body"]
        reply["ResponseMetadata"] = {
            "RequestId": headers.get("x-amzn-requestid") or headers.get("x-amz-request-id", ""),
            "HTTPStatusCode": answer.status_code,
            "HTTPHeaders": headers,
        }
        return reply

    # -- in the middle of a call of botocore's

    def _note_request(self, params: dict[str, Any], **_: Any) -> None:
        # A checksum of this payload may still be added to the headers; one is optional.
        self._here.noted = {**params, "headers": dict(params["headers"]), "body": b""}

    def _leave_unsigned(self, **_: Any) -> Any:
        """Nothing is sent; and if the credentials just ran out, the answer must not be lost to that."""
        from botocore import UNSIGNED

        return UNSIGNED if hasattr(self._here, "answer") else None

    def _give_answer(self, **_: Any) -> Any:
        """In place of sending."""
        return getattr(self._here, "answer", None)
