"""Gateway, the one door to AWS."""

import asyncio
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

from lambdadesk.aws import invoke
from lambdadesk.aws.clients import Clients, Limits
from lambdadesk.aws.credentials import CredentialSource, get_source
from lambdadesk.aws.endpoints import check_target, is_aws
from lambdadesk.aws.failures import is_about_signature, to_user_error
from lambdadesk.aws.guard import check_guard
from lambdadesk.aws.invoke_failures import outcome_unknown, to_invoke_error
from lambdadesk.aws.quota import FairBucket, get_logs_rate_per_s
from lambdadesk.aws.reception import Reception
from lambdadesk.core.connections import Guard
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.own_cost import CallMeter
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Identity, InvokeRequest, InvokeResult, Target

# Offered for endpoints, which take any region.
_USUAL_REGIONS = ("us-east-1", "us-east-2", "us-west-2", "eu-central-1", "eu-west-1", "ap-northeast-1")
_SAME_SLEEP_S = 30.0


class Gateway:
    """Asks one target. Every failure leaves as UserError; cancelling means "stop waiting".

    Making one is cheap and checks the target (UserError, INVALID); botocore is imported, and sessions and
    clients are built, by the first call and in its thread.

    credentials: where they come from; default: the target's profile, or none for an endpoint. A source may be
    shared by many gateways, but only of the endpoint it is for.
    accepts_plain_http: requests may be signed over plain http to a host beyond this machine.
    """

    def __init__(
        self,
        target: Target,
        limits: Limits | None = None,
        *,
        credentials: CredentialSource | None = None,
        guard: Guard = Guard.NORMAL,
        accepts_plain_http: bool = False,
    ) -> None:
        check_target(target, accepts_plain_http=accepts_plain_http)
        source = credentials or get_source(target.profile, target.endpoint_url)
        if source.endpoint_url != target.endpoint_url:
            raise UserError(
                "These credentials belong to another endpoint.",
                "Use the endpoint of their own connection.",
                kind=ErrorKind.INVALID,
            )
        self.target = target
        self.guard = guard
        self.limits = limits or Limits()
        self.source = source
        self.meter: CallMeter | None = None  # told of every call that AWS may take money for
        # Endpoints that are not AWS have no such quotas.
        self.logs_quota = FairBucket(get_logs_rate_per_s(target.region)) if is_aws(target) else None
        self._rate_limits = source.rate_limits if is_aws(target) else None
        self._clients = Clients(target, self.limits, source, guard)
        self._slots = asyncio.Semaphore(self.limits.reads_at_once)
        self._forgot_s = -math.inf

    async def call(
        self,
        service: str,
        operation: str,
        *,
        deadline_s: float | None = None,
        confirmed: bool = False,
        **params: Any,
    ) -> dict[str, Any]:
        """The parsed answer of one API operation ("logs", "FilterLogEvents", limit=5).

        Throttling, 5xx and lost connections are retried by botocore. `deadline_s` bounds the whole call, also
        where an answer drips in byte by byte, which no read timeout notices; default: limits.deadline_s.
        Before it begins, the call waits for its place within AWS's quotas (see RateLimits).
        The guard's rules hold (see check_guard): DENIED, before anything is sent.
        """
        check_guard(self.guard, service, operation, confirmed=confirmed)
        if self.meter is not None:
            self.meter.check(service, operation)
        self.source.check()  # built clients ask for no credentials any more
        await self._sign_in(service, operation)
        rate = self._rate_limits and self._rate_limits.get(self.target.region, service, operation)
        if rate:
            await rate.take()
        bound_s = self.limits.deadline_s if deadline_s is None else deadline_s
        clients = self._clients
        deadline = asyncio.timeout(bound_s)
        try:
            async with deadline, self._slots:
                reply = await in_thread(_call, clients, service, operation, params)
            if rate and reply.get("ResponseMetadata", {}).get("RetryAttempts"):
                rate.slow_down()  # most retries are throttled calls
            if self.meter is not None:
                self.meter.note(service, operation, params, reply)
            return reply
        except Exception as error:
            if deadline.expired():
                failure = UserError(
                    f"No complete answer to {operation} came within {bound_s:g} s.",
                    "Check the network, then retry.",
                    kind=ErrorKind.TIMEOUT,
                    details=f"{service}:{operation}",
                )
            else:
                failure = to_user_error(error, service, operation)
            if rate and failure.kind is ErrorKind.THROTTLED:
                rate.slow_down()
            self._forget_credentials(clients, error, failure)
            raise failure from error

    async def invoke(
        self,
        request: InvokeRequest,
        *,
        confirmed: bool = False,
        reception: Reception | None = None,
    ) -> InvokeResult:
        """Invoke a function: exactly one request is sent, whatever happens.

        A function that fails is a normal result, and so is a stream that broke (`is_partial`).
        OUTCOME_UNKNOWN is raised where the function may have run but no answer came; with any other kind of
        UserError it did not run.
        confirmed: the person did what an invoke on a production connection asks for.
        reception: where a streamed response is seen while it comes.
        """
        operation = invoke.get_operation(request)
        check_guard(self.guard, "lambda", operation, confirmed=confirmed)
        invoke.check_request(request)
        self.source.check()
        await self._sign_in("lambda", operation)
        clients = self._clients
        bound_s = self.get_invoke_bound_s(request)
        if request.is_streaming:
            reception = reception or Reception()
        sent_ms = time.time_ns() // 1_000_000
        deadline = asyncio.timeout(bound_s)
        try:
            async with deadline:
                if self.meter is not None:
                    self.meter.note_invoke(request)  # also where no answer comes: it may have run
                return await in_thread(_invoke, clients, request, reception)
        except Exception as error:
            if deadline.expired():
                if reception is not None and reception.status_code:
                    return invoke.to_streamed_result(
                        reception, sent_ms, None, "did not end in time, and broke"
                    )
                failure = outcome_unknown("No complete answer came in time.", f"lambda:{operation}")
            else:
                failure = to_invoke_error(error, request)
            self._forget_credentials(clients, error, failure)
            raise failure from error
        finally:
            if reception is not None:
                reception.close()

    def invoke_now(
        self, request: InvokeRequest, before: Callable[[], None], *, confirmed: bool = False
    ) -> InvokeResult:
        """The same for who is in a thread already, and sends many one after the other. Blocks.

        before: called when nothing stands in the way any more, just before the request is sent. What is sent
        is told to `note_invokes`, and how long is waited at most (`get_invoke_bound_s`) is the caller's
        matter: nothing bounds an answer here that drips in byte by byte.
        """
        operation = invoke.get_operation(request)
        check_guard(self.guard, "lambda", operation, confirmed=confirmed)
        invoke.check_request(request)
        self.source.check()
        clients = self._clients
        try:
            if self.source.may_ask:
                self.source.sign_in(self.target.region)
            timeout_s = request.function.timeout_s
            if request.is_streaming:
                client = clients.get_invoker(timeout_s)
                before()
                return invoke.send_streaming(client, request, Reception())
            invoker = clients.get_series_invoker(timeout_s)
            before()
            return invoke.send(invoker, request)
        except Exception as error:
            failure = to_invoke_error(error, request)
            self._forget_credentials(clients, error, failure)
            raise failure from error

    def note_invokes(self, requests: Iterable[InvokeRequest]) -> None:
        """These were sent by `invoke_now`, and are paid for."""
        if self.meter is not None:
            for request in requests:
                self.meter.note_invoke(request)

    def get_invoke_bound_s(self, request: InvokeRequest) -> float:
        """How long the whole answer to an Invoke may take; a later one is not waited for."""
        read_s = self._clients.get_invoke_read_s(request.function.timeout_s)
        bound_s = self.limits.connect_s + read_s + self.limits.invoke_body_s
        return bound_s + self.limits.stream_s if request.is_streaming else bound_s

    async def identity(self) -> Identity:
        """Whose credentials these are (sts:GetCallerIdentity, which needs no permission)."""
        reply = await self.call("sts", "GetCallerIdentity")
        return Identity(account=str(reply.get("Account", "")), arn=str(reply.get("Arn", "")))

    async def regions(self) -> list[str]:
        """Regions to choose from, sorted; asks nobody."""
        if not is_aws(self.target):
            return sorted({self.target.region, *_USUAL_REGIONS})
        try:
            return sorted({self.target.region, *await in_thread(self._clients.get_regions)})
        except Exception as error:
            raise to_user_error(error, "configuration", "regions") from error

    @property
    def clock_skew_s(self) -> float:
        """Seconds by which the server's clock is ahead of this machine's, by its last Date header."""
        return self._clients.clock_skew_s

    @property
    def server_now_ms(self) -> int:
        """The server's time in epoch milliseconds, by its last answer (which counts whole seconds)."""
        return round((time.time() + self.clock_skew_s) * 1000)

    @property
    def expires_at(self) -> float | None:
        """When the credentials at hand expire, in epoch seconds; None: never, not known, or none yet."""
        return self.source.expires_at

    @property
    def renews(self) -> bool:
        """Whether the credentials at hand are renewed without asking anybody."""
        return self.source.renews

    def forget(self) -> None:
        """Read the credentials anew at the next call, and ask for an MFA code again where one is needed.

        For when the shared files changed, and for Sign in.
        """
        self.source.forget()
        self._renew_clients()

    def forget_clients(self) -> None:
        """Use what the source of the credentials gives from now on; it has read them anew."""
        self._renew_clients()

    def forget_connections(self) -> None:
        """Use new connections from now on: after a sleep the idle ones are dead, as is found out late.

        Many may notice the same sleep; the first one counts.
        """
        now_s = time.monotonic()
        if now_s - self._forgot_s > _SAME_SLEEP_S:
            self._forgot_s = now_s
            self._renew_clients()

    async def close(self) -> None:
        """Close idle connections. Calls that nobody waits for any more end by themselves."""
        await in_thread(self._clients.close)

    async def _sign_in(self, service: str, operation: str) -> None:
        """Let a person answer first, whom no deadline hurries; nothing to do in most connections."""
        if not self.source.may_ask:
            return
        try:
            await in_thread(self.source.sign_in, self.target.region)
        except Exception as error:
            raise to_user_error(error, service, operation) from error

    def _forget_credentials(self, clients: Clients, error: Exception, failure: UserError) -> None:
        """After a log-in elsewhere the next call must read the profile anew; botocore keeps what it read.

        Not where the clock may be wrong: a new MFA code would have to be typed for nothing.
        """
        is_over = failure.kind is ErrorKind.EXPIRED and not is_about_signature(error)
        if is_over and clients is self._clients:
            self.source.drop(clients.credentials)
            self._renew_clients()

    def _renew_clients(self) -> None:
        clients = self._clients
        self._clients = Clients(self.target, self.limits, self.source, self.guard)
        clients.close_idle()
        self._clients.clock_skew_s = clients.clock_skew_s


def _call(clients: Clients, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    with clients.in_call():
        client = clients.get(service)
        from botocore import xform_name

        try:
            reply: dict[str, Any] = getattr(client, xform_name(operation))(**params)
        finally:
            if clients.is_closed:  # a call that began before has opened a connection since
                client.close()
        return reply


def _invoke(clients: Clients, request: InvokeRequest, reception: Reception | None) -> InvokeResult:
    client = clients.get_invoker(request.function.timeout_s)
    if reception is None or not request.is_streaming:
        return invoke.send(client, request)
    return invoke.send_streaming(client, request, reception)
