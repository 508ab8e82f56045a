"""What Lambda itself says in a function's error, in words of ours."""

from typing import Final

# errorType -> what happened and what to do.
_WORDS: Final = {
    "Function.ResponseSizeTooLarge": (
        "The function's response was larger than the 6 MB that Lambda passes on. "
        "Return less, put it into S3, or stream the response."
    ),
    "Sandbox.Timedout": "The function was ended at its timeout. Make it quicker, or raise the timeout.",
    "Runtime.OutOfMemory": "The function used up its memory. Give it more.",
    "Runtime.ExitError": "The function's process ended before it answered. Its log shows the last it did.",
    "Runtime.ImportModuleError": (
        "The handler's module could not be imported. Check the handler's name and what was packed with it."
    ),
    "Runtime.HandlerNotFound": "The module has no such handler. Check the handler's name.",
    "Runtime.MarshalError": "What the function returned can't be put into JSON. Return plain data.",
    "Runtime.UserCodeSyntaxError": "The function's code has a syntax error. Its log shows the line.",
    "Runtime.StreamError": "The function's stream failed half way. Its log shows why.",
}


def explain_lambda_error(error_type: str) -> str:
    """A sentence for an error that Lambda itself made, with what to do; empty for the function's own."""
    return _WORDS.get(error_type, "")
