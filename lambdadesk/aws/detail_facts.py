"""What a function's execution role has to allow for, in what AWS answers about the function."""

from collections.abc import Mapping
from typing import Any

from lambdadesk.core.details import Facts


def build_facts(answers: Mapping[str, Any]) -> Facts:
    """What the execution role has to allow for, as far as it is known."""
    configuration = answers["GetFunction"]["Configuration"]
    destinations: list[str] = []
    asynchronous = answers.get("ListFunctionEventInvokeConfigs") or {}
    for entry in asynchronous.get("FunctionEventInvokeConfigs") or ():
        for side in (entry.get("DestinationConfig") or {}).values():
            if side and side.get("Destination"):
                destinations.append(str(side["Destination"]))
    return Facts(
        role_arn=str(configuration.get("Role") or ""),
        log_group=get_log_group(configuration),
        dead_letter_arn=str((configuration.get("DeadLetterConfig") or {}).get("TargetArn") or ""),
        destinations=tuple(dict.fromkeys(destinations)),
        key_arn=str(configuration.get("KMSKeyArn") or ""),
        file_systems=tuple(
            str(each.get("Arn") or "") for each in configuration.get("FileSystemConfigs") or ()
        ),
        is_in_vpc=bool((configuration.get("VpcConfig") or {}).get("SubnetIds")),
        is_traced=(configuration.get("TracingConfig") or {}).get("Mode") == "Active",
        is_durable=bool(configuration.get("DurableConfig")),
    )


def get_log_group(configuration: Mapping[str, Any]) -> str:
    """The log group that a configuration names, or else the usual one."""
    logging = configuration.get("LoggingConfig") or {}
    return str(logging.get("LogGroup") or f"/aws/lambda/{configuration.get('FunctionName')}")
