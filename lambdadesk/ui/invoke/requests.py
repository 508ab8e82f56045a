"""The request that a click on Invoke sends, made of what is typed and chosen."""

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.invoke_options import check_options
from lambdadesk.core.payload import check_size, payload_bytes
from lambdadesk.core.types import FunctionInfo, InvokeRequest
from lambdadesk.ui.widgets.json_edit import JsonEdit
from lambdadesk.ui.widgets.run_bar import RunBar


def make_request(bar: RunBar, payload: JsonEdit, function: FunctionInfo, origin: str) -> InvokeRequest:
    """Raises UserError (INVALID) for what Lambda would refuse, and goes to where that is to be mended."""
    kind = bar.kind
    # Counted before anything is looked at, since that takes seconds for what is far too large.
    if too_large := check_size(payload.document().characterCount() - 1, kind):
        raise UserError(too_large.message, kind=ErrorKind.INVALID)
    problem = payload.check_now()
    if problem is not None and problem.is_error:
        payload.go_to_problem()
        raise UserError(f"the payload is not valid JSON. {problem}", kind=ErrorKind.INVALID)
    # The one place where variables of a payload are to be filled in.
    data = payload_bytes(payload.toPlainText())
    if too_large := check_size(len(data), kind):
        raise UserError(too_large.message, kind=ErrorKind.INVALID)
    request = bar.to_request(function, data, origin)
    if wrong := check_options(request):
        bar.options_button.setChecked(True)
        raise UserError(*wrong, kind=ErrorKind.INVALID)
    return request
