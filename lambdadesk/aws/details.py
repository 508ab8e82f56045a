"""Everything about one function, asked for side by side; each part may fail on its own."""

import asyncio
from typing import Any

from lambdadesk.aws.detail_facts import build_facts, get_log_group
from lambdadesk.aws.detail_groups import build_groups
from lambdadesk.aws.endpoints import is_aws
from lambdadesk.aws.failures import get_plain_text, retell
from lambdadesk.aws.functions import fetch_pages
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.details import Failure, FunctionDetails
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.secret import Secret
from lambdadesk.core.types import FunctionInfo

# operation -> what it tells
PARTS = {
    "GetFunction": "the tags, the code's place and the state",
    "GetFunctionConcurrency": "the reserved concurrency",
    "ListProvisionedConcurrencyConfigs": "the provisioned concurrency",
    "GetFunctionRecursionConfig": "what becomes of recursive loops",
    "GetRuntimeManagementConfig": "how the runtime is updated",
    "GetFunctionCodeSigningConfig": "the code signing",
    "DescribeLogGroups": "the log group",
    "ListVersionsByFunction": "the versions",
    "ListAliases": "the aliases",
    "ListFunctionUrlConfigs": "the function URL",
    "ListFunctionEventInvokeConfigs": "the asynchronous invocation",
}
_LISTS = {
    "ListProvisionedConcurrencyConfigs": "ProvisionedConcurrencyConfigs",
    "ListVersionsByFunction": "Versions",
    "ListAliases": "Aliases",
    "ListFunctionUrlConfigs": "FunctionUrlConfigs",
    "ListFunctionEventInvokeConfigs": "FunctionEventInvokeConfigs",
}
# Lambda has neither for container images.
_NOT_FOR_IMAGES = ("GetRuntimeManagementConfig", "GetFunctionCodeSigningConfig")


async def fetch_details(
    gateway: Gateway, function: FunctionInfo, former: FunctionDetails | None = None
) -> FunctionDetails:
    """Read how a function is configured: about a dozen calls, as many at once as the gateway lets.

    former: an earlier reading; a part that fails now keeps what it said then.
    UserError where the function itself can't be read. Any other failure is among the answer's `failures`.
    """
    reading = _Reading(gateway, function, former)
    async with asyncio.TaskGroup() as group:
        group.create_task(reading.read_function(), name=f"details of {function.name}")
        for operation in PARTS:
            if operation in ("GetFunction", "DescribeLogGroups"):
                continue
            if not (function.package_type == "Image" and operation in _NOT_FOR_IMAGES):
                group.create_task(reading.read(operation), name=f"{operation} of {function.name}")
    return reading.to_details()


class _Reading:
    """The answers as they come in. A failure never leaves its part."""

    def __init__(self, gateway: Gateway, function: FunctionInfo, former: FunctionDetails | None) -> None:
        self._gateway = gateway
        self._function = function
        self._former = former.answers if former else {}
        self._answers: dict[str, Any] = {}
        self._failures: dict[str, Failure] = {}
        self._error: UserError | None = None  # of the function itself

    async def read_function(self) -> None:
        """The function, then the log group that it names."""
        try:
            await self._read_configuration()
        except UserError as error:
            self._error = error
            return
        await self.read("DescribeLogGroups")

    async def _read_configuration(self) -> None:
        name = self._function.name
        try:
            reply = await self._gateway.call("lambda", "GetFunction", FunctionName=name)
        except UserError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                raise retell(
                    error, f"The function {get_plain_text(name)} does not exist.", error.hint
                ) from error
            if error.kind is not ErrorKind.DENIED:
                raise
            # Who may not see the code may often see the configuration.
            try:
                reply = {
                    "Configuration": await self._gateway.call(
                        "lambda", "GetFunctionConfiguration", FunctionName=name
                    )
                }
            except UserError:
                raise error from None
            self._failures["GetFunction"] = Failure(PARTS["GetFunction"], error)
        self._answers["GetFunction"] = _without_secrets(reply)

    async def read(self, operation: str) -> None:
        """One part; where it fails, what was known of it stays."""
        try:
            self._answers[operation] = await self._ask(operation)
        except UserError as error:
            error = self._retell(error, operation)
            is_former = operation in self._former
            if is_former:
                self._answers[operation] = self._former[operation]
            self._failures[operation] = Failure(PARTS[operation], error, is_former)

    def _retell(self, error: UserError, operation: str) -> UserError:
        """The function is there: an endpoint that finds nothing does not know the operation."""
        if error.kind is not ErrorKind.NOT_FOUND or is_aws(self._gateway.target):
            return error
        return retell(error, f"This endpoint does not answer {operation}.", "AWS itself does.")

    async def _ask(self, operation: str) -> dict[str, Any]:
        name = self._function.name
        if operation == "DescribeLogGroups":
            return await self._ask_log_group()
        if (key := _LISTS.get(operation)) is None:
            return await self._gateway.call("lambda", operation, FunctionName=name)
        entries: list[Any] = []
        async for page in fetch_pages(self._gateway, operation, key, FunctionName=name):
            # A version has its whole configuration with it.
            entries += [{name: each[name] for name in each if name != "Environment"} for each in page]
        return {key: entries}

    async def _ask_log_group(self) -> dict[str, Any]:
        name = get_log_group(self._answers["GetFunction"]["Configuration"])
        reply = await self._gateway.call("logs", "DescribeLogGroups", logGroupNamePrefix=name)
        # Groups come in the order of their names, so that the group itself is on the first page.
        return {
            "logGroups": [
                group for group in reply.get("logGroups") or [] if group.get("logGroupName") == name
            ]
        }

    def to_details(self) -> FunctionDetails:
        if self._error is not None:
            raise self._error
        failures = {
            operation: self._failures[operation] for operation in PARTS if operation in self._failures
        }
        configuration = self._answers["GetFunction"]["Configuration"]
        return FunctionDetails(
            name=self._function.name,
            arn=str(configuration.get("FunctionArn") or self._function.arn),
            groups=build_groups(self._answers, failures),
            failures=tuple(failures.values()),
            facts=build_facts(self._answers),
            answers=self._answers,
        )


def _without_secrets(reply: dict[str, Any]) -> dict[str, Any]:
    """GetFunction's answer without the signed address of the code, and with a masked environment."""
    code = {key: value for key, value in (reply.get("Code") or {}).items() if key != "Location"}
    configuration = dict(reply.get("Configuration") or {})
    environment = dict(configuration.get("Environment") or {})
    variables = environment.get("Variables") or {}
    environment["Variables"] = {str(name): Secret(str(value)) for name, value in variables.items()}
    configuration["Environment"] = environment
    return {**reply, "Code": code, "Configuration": configuration}
