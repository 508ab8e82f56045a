"""The address that a function answers at by itself."""

from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.invoke_commands import LATEST


async def fetch_function_url(gateway: Gateway, function: str, qualifier: str) -> tuple[str, bool]:
    """The function URL of an alias, or of the unpublished function, and whether it wants a signature.

    qualifier: "$LATEST" or an alias; versions have no URL. Raises UserError, INVALID where there is none.
    """
    reply = await gateway.call("lambda", "ListFunctionUrlConfigs", FunctionName=function, MaxItems=50)
    alias = "" if qualifier == LATEST else qualifier
    for each in reply.get("FunctionUrlConfigs") or ():
        # The ARN ends in the alias, if there is one: arn:aws:lambda:region:account:function:name:alias.
        of = ":".join(str(each.get("FunctionArn", "")).split(":")[7:])
        if of == alias and (url := each.get("FunctionUrl")):
            return str(url), each.get("AuthType") != "NONE"
    raise UserError(
        f"{function} has no function URL for {qualifier or LATEST}.",
        "Copy the AWS CLI command instead.",
        kind=ErrorKind.INVALID,
    )
