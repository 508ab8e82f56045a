"""Words for the actions and resources of IAM policies."""

import re
from collections.abc import Iterable

_TITLES = {
    "cloudwatch": "CloudWatch",
    "codecommit": "CodeCommit",
    "cognito-identity": "Cognito identity pools",
    "cognito-idp": "Cognito user pools",
    "dynamodb": "DynamoDB",
    "ec2": "EC2",
    "elasticfilesystem": "EFS",
    "es": "OpenSearch",
    "events": "EventBridge",
    "execute-api": "API Gateway",
    "firehose": "Firehose",
    "iam": "IAM",
    "kafka": "MSK",
    "kafka-cluster": "MSK",
    "kinesis": "Kinesis",
    "kms": "KMS",
    "lambda": "Lambda",
    "logs": "CloudWatch Logs",
    "mq": "Amazon MQ",
    "rds": "RDS",
    "s3": "S3",
    "scheduler": "EventBridge Scheduler",
    "secretsmanager": "Secrets Manager",
    "ses": "SES",
    "sns": "SNS",
    "sqs": "SQS",
    "ssm": "Systems Manager",
    "states": "Step Functions",
    "sts": "STS",
    "xray": "X-Ray",
}
# service -> action (in lower case) -> what it does; actions with the same words are said once
_WORDS = {
    "s3": {
        "getobject": "read objects",
        "getobjectversion": "read objects",
        "putobject": "write objects",
        "deleteobject": "delete objects",
        "listbucket": "list objects",
        "getbucketlocation": "see where it is",
    },
    "dynamodb": {
        "getitem": "read items",
        "batchgetitem": "read items",
        "query": "read items",
        "scan": "read items",
        "putitem": "write items",
        "updateitem": "write items",
        "batchwriteitem": "write and delete items",
        "deleteitem": "delete items",
        "getrecords": "read the stream",
        "getsharditerator": "read the stream",
        "describestream": "read the stream",
        "liststreams": "list the streams",
    },
    "sqs": {
        "sendmessage": "send messages",
        "receivemessage": "receive messages",
        "deletemessage": "delete messages",
        "getqueueattributes": "see the queue's attributes",
    },
    "sns": {"publish": "publish messages"},
    "logs": {
        "createloggroup": "create log groups",
        "createlogstream": "write logs",
        "putlogevents": "write logs",
    },
    "lambda": {"invokefunction": "invoke", "invokeasync": "invoke"},
    "kinesis": {
        "putrecord": "write records",
        "putrecords": "write records",
        "getrecords": "read records",
        "getsharditerator": "read records",
        "listshards": "read records",
        "describestream": "describe the stream",
        "describestreamsummary": "describe the stream",
        "subscribetoshard": "subscribe to shards",
        "liststreams": "list the streams",
    },
    "events": {"putevents": "send events"},
    "states": {"startexecution": "start executions", "startsyncexecution": "start executions"},
    "kms": {
        "decrypt": "decrypt",
        "encrypt": "encrypt",
        "generatedatakey": "make data keys",
        "generatedatakeywithoutplaintext": "make data keys",
    },
    "secretsmanager": {"getsecretvalue": "read secrets"},
    "ssm": {
        "getparameter": "read parameters",
        "getparameters": "read parameters",
        "getparametersbypath": "read parameters",
    },
    "sts": {"assumerole": "assume roles"},
    "xray": {"puttracesegments": "send traces", "puttelemetryrecords": "send traces"},
    "ec2": {
        "createnetworkinterface": "manage network interfaces",
        "deletenetworkinterface": "manage network interfaces",
        "describenetworkinterfaces": "manage network interfaces",
        "assignprivateipaddresses": "manage network interfaces",
        "unassignprivateipaddresses": "manage network interfaces",
        "describesubnets": "describe subnets",
    },
    "iam": {"passrole": "pass roles to services"},
}
# The type at the head of an ARN's last part -> what it is called.
_NOUNS = {
    "dynamodb:table": "table",
    "lambda:function": "function",
    "lambda:layer": "layer",
    "logs:log-group": "log group",
    "kms:key": "key",
    "kms:alias": "key alias",
    "secretsmanager:secret": "secret",
    "ssm:parameter": "parameter",
    "events:event-bus": "event bus",
    "events:rule": "rule",
    "states:stateMachine": "state machine",
    "kinesis:stream": "stream",
    "firehose:deliverystream": "delivery stream",
    "iam:role": "role",
    "iam:policy": "policy",
}
_BARE_NOUNS = {"sqs": "queue", "sns": "topic", "s3": "bucket"}
_PREPOSITIONS = {"s3": "in", "dynamodb": "in", "logs": "in", "kms": "with"}
_WORD = re.compile(r"[A-Z]{2,}s?(?![a-z])|[A-Z]?[a-z0-9]+|[A-Z]")  # "VPCs" stays one word
_MANY = 6  # actions or resources that are named; of more the number is said


def get_service_title(prefix: str) -> str:
    """What a service prefix ("logs") is called: "CloudWatch Logs"."""
    return _TITLES.get(prefix, prefix)


def describe_actions(service: str, operations: Iterable[str]) -> str:
    """Actions of one service in words: "read objects, write objects"."""
    words: dict[str, None] = {}
    for operation in operations:
        words[_describe_action(service, operation)] = None
    return "everything" if "everything" in words else _join(list(words), "actions")


def describe_resources(service: str, arns: Iterable[str], account: str) -> str:
    """Resources in words: "bucket pictures and bucket reports". account: the one that needs no mention."""
    words: dict[str, None] = {}
    for arn in arns:
        words[_describe_resource(service, arn, account)] = None
    return _join(list(words), "resources")


def describe_place(service: str, actions: str, arns: Iterable[str], account: str) -> str:
    """The same after the words of the actions: " in bucket pictures", " on queue orders"."""
    preposition = "" if actions == "invoke" else f"{_PREPOSITIONS.get(service, 'on')} "
    return f" {preposition}{describe_resources(service, arns, account)}"


def _describe_action(service: str, operation: str) -> str:
    if operation == "*":
        return "everything"
    known = _WORDS.get(service, {}).get(operation.lower())
    if known:
        return known
    if operation.endswith("*") and operation[:-1].isalpha():
        return f"all {operation[:-1]}… actions"
    if "*" in operation or "?" in operation:
        return f"all {operation} actions"
    return " ".join(word if word[:2].isupper() else word.lower() for word in _WORD.findall(operation))


def _describe_resource(service: str, arn: str, account: str) -> str:
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return "any resource" if arn == "*" else arn
    owner, owned, rest = parts[2], parts[4], parts[5]
    foreign = f" of account {owned}" if owned.isdecimal() and account and owned != account else ""
    if owner == "s3" and not foreign:
        return _describe_s3(rest)
    kind, mark, name = _split_type(rest)
    noun = _NOUNS.get(f"{owner}:{kind}") if mark else None
    if noun:
        return _name(noun, _strip_tail(noun, name)) + foreign
    bare = _BARE_NOUNS.get(owner)
    if bare and not mark:
        return _name(bare, rest) + foreign
    if rest == "*":
        return f"any {get_service_title(owner)} resource{foreign}"
    return f"{rest}{foreign}"


def _describe_s3(rest: str) -> str:
    bucket, slash, key = rest.partition("/")
    if bucket == "*":
        return "any bucket"
    text = _name("bucket", bucket)
    if slash and key.rstrip("*"):
        return f"{text} under {key.rstrip('*')}" if key.endswith("*") else f"{text} at {key}"
    return text


def _split_type(rest: str) -> tuple[str, str, str]:
    found = re.search(r"[:/]", rest)
    if found is None:
        return rest, "", ""
    return rest[: found.start()], found[0], rest[found.end() :]


def _strip_tail(noun: str, name: str) -> str:
    if noun == "log group":
        return re.sub(r":(\*|log-stream:.*)$", "", name)
    return name


def _name(noun: str, name: str) -> str:
    if name in ("*", ""):
        return f"any {noun}"
    return f"{noun}s named {name}" if "*" in name or "?" in name else f"{noun} {name}"


def _join(words: list[str], noun: str) -> str:
    if len(words) > _MANY:
        return f"{', '.join(words[: _MANY - 1])} and {len(words) - _MANY + 1} more {noun}"
    return (
        words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else f"no {noun}"
    )
