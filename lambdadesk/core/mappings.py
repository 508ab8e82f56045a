"""EventSourceMapping, what polls a source and hands its records to a function."""

import re
from dataclasses import dataclass

# States that a mapping does not stay in.
_PASSING = frozenset({"Creating", "Enabling", "Disabling", "Updating", "Deleting"})
_OFF = frozenset({"Disabled", "Disabling", "Deleting"})  # whose last result is an old one


@dataclass(frozen=True, slots=True)
class EventSourceMapping:
    """An event source mapping as the API has it. source_arn is empty for a self-managed source.

    destination_arn: where records go that were given up; batching_window_s: None where it was not said.
    secret_arns: of Secrets Manager, with the credentials of the source. is_in_vpc: its access names subnets.
    """

    uuid: str
    function_arn: str = ""
    source_arn: str = ""
    state: str = ""
    reason: str = ""  # of the last change of the state
    last_result: str = ""
    batch_size: int | None = None
    batching_window_s: int | None = None
    destination_arn: str = ""
    secret_arns: tuple[str, ...] = ()
    is_in_vpc: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether the state stays as it is until somebody changes it."""
        return self.state not in _PASSING

    @property
    def source_name(self) -> str:
        """What its source is called: "queue orders", "stream clicks"."""
        parts = self.source_arn.split(":", 5)
        if len(parts) < 6:
            return "self-managed source"
        service, rest = parts[2], parts[5]
        names = re.split("[:/]", rest)
        return f"{_NOUNS.get(service, service)} {names[1] if len(names) > 1 else rest}"


_NOUNS = {
    "sqs": "queue",
    "kinesis": "stream",
    "dynamodb": "stream of table",
    "kafka": "cluster",
    "mq": "broker",
    "rds": "cluster",
}


def is_failing(state: str, last_result: str) -> bool:
    """Whether a mapping that is on could not read its source, or the function failed on what it read."""
    return state not in _OFF and last_result.upper().startswith("PROBLEM")


@dataclass(frozen=True, slots=True)
class MappingChange:
    """What is to become of an event source mapping; None stays as it is."""

    enabled: bool | None = None
    batch_size: int | None = None
    batching_window_s: int | None = None
