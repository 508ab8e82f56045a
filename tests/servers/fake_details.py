"""What FakeAws knows of one function beyond its configuration."""

from typing import Any

from tests.servers.faults import Reply, json_reply

ROUTES = (
    ("GET", r"/2019-09-30/functions/[^/]+/concurrency", "GetFunctionConcurrency"),
    ("GET", r"/2019-09-30/functions/[^/]+/provisioned-concurrency", "ListProvisionedConcurrencyConfigs"),
    ("GET", r"/2024-08-31/functions/[^/]+/recursion-config", "GetFunctionRecursionConfig"),
    ("GET", r"/2021-07-20/functions/[^/]+/runtime-management-config", "GetRuntimeManagementConfig"),
    ("GET", r"/2020-06-30/functions/[^/]+/code-signing-config", "GetFunctionCodeSigningConfig"),
    ("GET", r"/2021-10-31/functions/[^/]+/urls", "ListFunctionUrlConfigs"),
    ("GET", r"/2019-09-25/functions/[^/]+/event-invoke-config/list", "ListFunctionEventInvokeConfigs"),
    ("GET", r"/2019-09-25/functions/[^/]+/event-invoke-config", "GetFunctionEventInvokeConfig"),
)
# What is answered where a test says nothing else.
_DEFAULTS: dict[str, dict[str, Any]] = {
    "GetFunctionConcurrency": {},
    "ListProvisionedConcurrencyConfigs": {"ProvisionedConcurrencyConfigs": []},
    "GetFunctionRecursionConfig": {"RecursiveLoop": "Terminate"},
    "GetRuntimeManagementConfig": {"UpdateRuntimeOn": "Auto"},
    "GetFunctionCodeSigningConfig": {},
    "ListFunctionUrlConfigs": {"FunctionUrlConfigs": []},
    "ListFunctionEventInvokeConfigs": {"FunctionEventInvokeConfigs": []},
    "GetFunctionEventInvokeConfig": {},
    "GetFunction": {},
}


class FakeDetails:
    """Answers about one function, by operation and function name; `details` of a test win over the defaults.

    For GetFunction they are what comes beside the configuration: Code, Tags, Concurrency.
    """

    def __init__(self) -> None:
        super().__init__()
        self.details: dict[tuple[str, str], dict[str, Any]] = {}
        self.log_settings: dict[str, dict[str, Any]] = {}  # by log group: retentionInDays, storedBytes, ...

    def get_details(self, operation: str, function: str) -> dict[str, Any] | None:
        """None: not an operation of this module."""
        return self.details.get((operation, function), _DEFAULTS.get(operation))

    def describe_log_groups(self, params: dict[str, Any], names: list[str]) -> Reply:
        """names: those of the groups that hold events; groups with settings exist too."""
        prefix = params.get("logGroupNamePrefix", "")
        found = sorted(name for name in {*names, *self.log_settings} if name.startswith(prefix))
        groups = [
            {"logGroupName": name, "storedBytes": 0, **self.log_settings.get(name, {})} for name in found
        ]
        return json_reply({"logGroups": groups[:50]})
