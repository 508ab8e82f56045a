"""What FakeAws knows of one function beyond its configuration."""

import json
from typing import Any

from tests.servers.faults import Reply, error_reply, json_reply

ROUTES = (
    ("GET", r"/2019-09-30/functions/[^/]+/concurrency", "GetFunctionConcurrency"),
    ("GET", r"/2019-09-30/functions/[^/]+/provisioned-concurrency", "ListProvisionedConcurrencyConfigs"),
    ("GET", r"/2024-08-31/functions/[^/]+/recursion-config", "GetFunctionRecursionConfig"),
    ("GET", r"/2021-07-20/functions/[^/]+/runtime-management-config", "GetRuntimeManagementConfig"),
    ("GET", r"/2020-06-30/functions/[^/]+/code-signing-config", "GetFunctionCodeSigningConfig"),
    ("GET", r"/2021-10-31/functions/[^/]+/urls", "ListFunctionUrlConfigs"),
    ("GET", r"/2019-09-25/functions/[^/]+/event-invoke-config/list", "ListFunctionEventInvokeConfigs"),
    ("GET", r"/2019-09-25/functions/[^/]+/event-invoke-config", "GetFunctionEventInvokeConfig"),
    ("GET", r"/2015-03-31/functions/[^/]+/policy", "GetPolicy"),
)
_GROUPS_PAGE = 50
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
        self.policies: dict[str, list[str]] = {}  # by function: the services that its policy lets call it

    def get_details(self, operation: str, function: str) -> dict[str, Any] | None:
        """None: not an operation of this module."""
        return self.details.get((operation, function), _DEFAULTS.get(operation))

    def describe_log_groups(self, params: dict[str, Any], names: list[str]) -> Reply:
        """names: those of the groups that hold events; groups with settings exist too."""
        prefix, pattern = params.get("logGroupNamePrefix", ""), params.get("logGroupNamePattern", "")
        all_names = sorted({*names, *self.log_settings})
        found = [name for name in all_names if name.startswith(prefix) and pattern in name]
        groups = [
            {"logGroupName": name, "storedBytes": 0, **self.log_settings.get(name, {})} for name in found
        ]
        start = int(params.get("nextToken") or 0)
        page: dict[str, Any] = {"logGroups": groups[start : start + _GROUPS_PAGE]}
        if start + _GROUPS_PAGE < len(groups):
            page["nextToken"] = str(start + _GROUPS_PAGE)
        return json_reply(page)

    def get_policy(self, function: str) -> Reply:
        if function not in self.policies:
            return error_reply(404, "ResourceNotFoundException", "The resource you requested does not exist.")
        statements = [
            {
                "Sid": service,
                "Effect": "Allow",
                "Principal": {"Service": f"{service}.amazonaws.com"},
                "Action": "lambda:InvokeFunction",
                "Resource": "*",
            }
            for service in self.policies[function]
        ]
        return json_reply({"Policy": json.dumps({"Version": "2012-10-17", "Statement": statements})})
