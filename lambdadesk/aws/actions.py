"""The IAM action behind an API operation, where they are named differently."""

_PREFIXES = {
    "bedrock-agent": "bedrock",
    "bedrock-agentcore-control": "bedrock-agentcore",
    "docdb": "rds",
    "dynamodbstreams": "dynamodb",
    "elbv2": "elasticloadbalancing",
    "lex-models": "lex",
    "lexv2-models": "lex",
    "mailmanager": "ses",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
    "sesv2": "ses",
    "stepfunctions": "states",
}

_ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "lambda:InvokeWithResponseStream": "lambda:InvokeFunction",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjectsV2": "s3:ListBucket",
}


def get_action(service: str, operation: str) -> str:
    """The action to allow for an operation of botocore's ("elbv2", "DescribeTargetGroups")."""
    name = f"{service}:{operation}"
    if name in _ACTIONS:
        return _ACTIONS[name]
    if service in ("apigateway", "apigatewayv2"):
        return "apigateway:GET"  # API Gateway's actions are HTTP methods
    return f"{_PREFIXES.get(service, service)}:{operation}"
