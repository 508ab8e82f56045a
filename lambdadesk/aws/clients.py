"""Clients of botocore, built late and in a thread.

Nothing here imports botocore before a client is asked for: the import takes longer than the first frame may.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from lambdadesk.aws.credentials import CredentialSource
from lambdadesk.aws.failures import NotAwsError
from lambdadesk.aws.guard import check_guard
from lambdadesk.aws.invoke_again import InvokeAgain
from lambdadesk.aws.log_pages import read_replies
from lambdadesk.aws.sessions import create_client, open_session
from lambdadesk.core.connections import Guard
from lambdadesk.core.types import Target


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how often AWS is waited for."""

    connect_s: float = 5.0
    read_s: float = 20.0  # between two bytes of an answer
    deadline_s: float = 30.0  # for a whole read call, its retries and its wait for a slot included
    attempts: int = 4  # of a read call
    reads_at_once: int = 8
    invoke_margin_s: float = 30.0  # on top of the function's own timeout
    invoke_body_s: float = 60.0  # for the answer's body, once the function has ended
    stream_s: float = 120.0  # on top, for a streamed one: 200 MB at 2 MB/s
    backoff_s: float = 1.0  # first pause after AWS throttled all attempts
    page_events: int = 10_000  # log events per page, AWS's own maximum


# Lambda ends a function after 15 minutes; no answer can come later than that and the margin.
_LONGEST_FUNCTION_S = 900

_KEEPALIVE_S = 60
_MOST_AT_ONCE = 100  # runs of a series; others are thrown away after each call
_LAST_ANSWERS_S = 0.2


class Clients:
    """The clients of one target: made on first use, then kept. Safe to use from many threads."""

    def __init__(self, target: Target, limits: Limits, source: CredentialSource, guard: Guard) -> None:
        self.credentials: Any = None  # what the requests are signed with
        self._source = source
        self._guard = guard
        self._target = target
        self._limits = limits
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._again: dict[float, InvokeAgain] = {}  # by their read timeout
        self.clock_skew_s = 0.0
        self.is_closed = False
        self._calls = 0
        self._calls_changed = threading.Condition()

    def get(self, service: str) -> Any:
        """The client for read calls: bounded standard retries."""
        return self._get(
            service,
            "read",
            connect_timeout=self._limits.connect_s,
            read_timeout=self._limits.read_s,
            retries={"mode": "standard", "total_max_attempts": self._limits.attempts},
            max_pool_connections=2 * self._limits.reads_at_once,
        )

    def get_invoker(self, timeout_s: float) -> Any:
        """The client for Invoke of a function with this timeout: one attempt, and patient enough.

        botocore would send an Invoke up to three times (read timeout, 429, 500). The timeout is a setting of
        the whole client, hence one client per function timeout.
        """
        read_s = self.get_invoke_read_s(timeout_s)
        return self._get(
            "lambda",
            f"invoke {read_s}",
            connect_timeout=self._limits.connect_s,
            read_timeout=read_s,
            retries={"mode": "standard", "total_max_attempts": 1},
            tcp_keepalive=True,
            max_pool_connections=_MOST_AT_ONCE,
        )

    def get_series_invoker(self, timeout_s: float) -> InvokeAgain:
        """The same client's `invoke`, for many runs that are alike."""
        read_s = self.get_invoke_read_s(timeout_s)
        if read_s not in self._again:
            client = self.get_invoker(timeout_s)
            with self._lock:
                if read_s not in self._again:
                    self._again[read_s] = InvokeAgain(client)
        return self._again[read_s]

    def get_invoke_read_s(self, timeout_s: float) -> float:
        return min(timeout_s, _LONGEST_FUNCTION_S) + self._limits.invoke_margin_s

    def get_regions(self) -> list[str]:
        """Regions of the target's partition, from botocore's data files.

        endpoints.json and partitions.json each miss some that the other one has.
        """
        with self._lock:
            session = self._open_session()
            partition = session.get_partition_for_region(self._target.region)
            regions = set(session.get_available_regions("lambda", partition_name=partition))
            for entry in session.get_component("data_loader").load_data("partitions")["partitions"]:
                if entry["id"] == partition:
                    regions |= {name for name in entry["regions"] if not name.endswith("-global")}
        return sorted(regions)

    def close_idle(self) -> None:
        """Close idle connections, and the others as soon as their calls end.

        Takes no lock of `get`: a thread that asks for credentials may hold it for long.
        """
        self.is_closed = True
        for client in tuple(self._clients.values()):
            client.close()

    def close(self) -> None:
        """The same, and wait a moment for answers that are just coming. Blocks."""
        self.close_idle()
        with self._calls_changed:
            self._calls_changed.wait_for(lambda: not self._calls, timeout=_LAST_ANSWERS_S)

    @contextmanager
    def in_call(self) -> Iterator[None]:
        """Around each call, so that `close` knows of it."""
        with self._calls_changed:
            self._calls += 1
        try:
            yield
        finally:
            with self._calls_changed:
                self._calls -= 1
                self._calls_changed.notify_all()

    def _get(self, service: str, use: str, **settings: Any) -> Any:
        key = (service, self._target.region, use)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._create(service, settings)
            return self._clients[key]

    def _create(self, service: str, settings: dict[str, Any]) -> Any:
        target = self._target
        client = create_client(self._open_session(), service, target.region, target.endpoint_url, **settings)
        if self._guard is Guard.READ_ONLY:
            client.meta.events.register("before-parameter-build.*.*", self._check_read)
        client.meta.events.register("before-parse.*.*", self._check_reply)
        if service == "logs":
            read_replies(client)
        if settings.get("tcp_keepalive"):
            _keep_alive_often(client)
        return client

    def _open_session(self) -> Any:
        if self._session is None:
            session = open_session(self._source.profile, self._source.ca_bundle)
            session.register_component("credential_provider", self)
            self._session = session
        return self._session

    def load_credentials(self) -> Any:
        """What botocore's session asks its credential provider for."""
        self.credentials = self._source.get_credentials(self._target.region)
        return self.credentials

    def _check_read(self, model: Any, **_: Any) -> None:
        """The last fence of a read-only connection: no way through the gateway leads around it."""
        check_guard(self._guard, model.service_model.service_name, model.name)

    def _check_reply(self, response_dict: dict[str, Any], operation_model: Any, **_: Any) -> None:
        """Refuse a success that AWS did not send: botocore would make an empty list of a login page."""
        headers = response_dict["headers"]
        self._note_date(headers.get("date", ""))
        status = int(response_dict["status_code"])
        if not 200 <= status < 300:
            return
        content_type = headers.get("content-type", "")
        signed_by_aws = "x-amzn-requestid" in headers or "x-amz-request-id" in headers
        # A streamed response has the content type of what the function returns.
        is_page = "text/html" in content_type.lower() and not operation_model.has_event_stream_output
        if not signed_by_aws or is_page:
            if hasattr(body := response_dict["body"], "close"):
                body.close()  # of a streamed answer, which nobody is going to read
            raise NotAwsError(status, content_type)

    def _note_date(self, date: str) -> None:
        try:
            server = parsedate_to_datetime(date)
        except (TypeError, ValueError):
            return  # no Date header, or not a date: the last skew stays
        if server.tzinfo is not None:
            self.clock_skew_s = server.timestamp() - time.time()


def _keep_alive_often(client: Any) -> None:
    """Probe idle connections each minute: routers forget them after 350 s, the system first probes after 2 h.

    botocore turns keepalive on, but has no setting for its pace. Without this attribute the system's stays.
    """
    options = getattr(client._endpoint.http_session, "_socket_options", [])
    for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL"):
        if hasattr(socket, name):  # not on every system
            options.append((socket.IPPROTO_TCP, getattr(socket, name), _KEEPALIVE_S))
