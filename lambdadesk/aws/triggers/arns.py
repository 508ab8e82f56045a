"""ARNs of functions and of what starts them."""

import re
from dataclasses import dataclass

from lambdadesk.core.arns import get_part

_FUNCTION = re.compile(
    r"arn:[a-z0-9-]+:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(?::[A-Za-z0-9_$-]+)?"
)

_SERVICES = {
    "dynamodb": "DynamoDB",
    "events": "EventBridge",
    "kafka": "MSK",
    "kinesis": "Kinesis",
    "lambda": "Lambda",
    "mq": "MQ",
    "rds": "DocumentDB",
    "s3": "S3",
    "sns": "SNS",
    "sqs": "SQS",
}


@dataclass(frozen=True, slots=True)
class FunctionArn:
    """Where a function is. ValueError for what is not the ARN of one."""

    text: str  # without a qualifier

    def __post_init__(self) -> None:
        if not _FUNCTION.fullmatch(self.text) or self.text.count(":") != 6:
            raise ValueError(f"not a function's ARN: {self.text!r}")

    @property
    def partition(self) -> str:
        return self.text.split(":")[1]

    @property
    def region(self) -> str:
        return self.text.split(":")[3]

    @property
    def account(self) -> str:
        return self.text.split(":")[4]

    @property
    def name(self) -> str:
        return self.text.split(":")[6]

    def qualify(self, qualifier: str) -> str:
        return f"{self.text}:{qualifier}" if qualifier else self.text

    def find(self, text: object) -> str | None:
        """The qualifier with which `text` names this function ("" for none), None where it does not.

        text: an ARN, a URI that holds one (API Gateway), a partial ARN or the name; qualified or not.
        """
        words = str(text or "")
        for found in _FUNCTION.findall(words):
            if found == self.text:
                return ""
            if found.startswith(f"{self.text}:"):
                return str(found[len(self.text) + 1 :])
        for start in (self.name, f"{self.account}:function:{self.name}"):
            if words == start:
                return ""
            if words.startswith(f"{start}:"):
                return words[len(start) + 1 :]
        return None


def get_service(arn: str) -> str:
    """The service in an ARN, as people call it."""
    name = get_part(arn, 2)
    return _SERVICES.get(name, name)


def get_name(arn: str) -> str:
    """What people call the thing: the table of a stream, the last part of anything else."""
    resource = get_part(arn, 5) or arn
    # table/NAME/stream/..., cluster/NAME/UUID, stream/NAME/consumer/...
    if get_part(arn, 2) in ("dynamodb", "kafka", "kinesis"):
        return [*resource.split("/"), resource][1]
    if get_part(arn, 2) == "mq":  # broker:NAME:ID
        return [*resource.split(":"), resource][1]
    return re.split(r"[:/]", resource)[-1]
