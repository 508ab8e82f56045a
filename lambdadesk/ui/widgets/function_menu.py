"""The menus of the function table: what a row offers, and the functions that were opened last."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QMenu

from lambdadesk.aws.endpoints import is_aws
from lambdadesk.core.console_links import console_url
from lambdadesk.core.function_rows import FunctionRow
from lambdadesk.core.invoke_commands import cli_command
from lambdadesk.core.text import one_line
from lambdadesk.core.types import InvokeRequest, Target


def fill_row_menu(
    menu: QMenu,
    row: FunctionRow,
    target: Target | None,
    open_row: Callable[[], None],
    set_pinned: Callable[[bool], None],
) -> None:
    """Fill the menu anew. target: where the function is, as far as that is known."""
    function = row.function
    asks_aws = target is not None and is_aws(target)
    menu.clear()
    menu.addAction("Open").triggered.connect(lambda: open_row())
    pin = menu.addAction("Unpin" if row.is_pinned else "Pin")
    pin.triggered.connect(lambda: set_pinned(not row.is_pinned))
    menu.addSeparator()
    texts = {"name": function.name, "ARN": function.arn}
    if target is not None:
        texts["AWS CLI command"] = cli_command(target, InvokeRequest(function, b""), is_aws=asks_aws)
    for what, text in texts.items():
        copy = menu.addAction(f"Copy {what}")
        copy.setEnabled(bool(text))
        copy.triggered.connect(lambda _checked=False, text=text: QGuiApplication.clipboard().setText(text))
    url = console_url(function.arn)
    if asks_aws and url:
        menu.addSeparator()
        web = menu.addAction("Open in the AWS console")
        web.triggered.connect(lambda: QDesktopServices.openUrl(QUrl(url)))


def fill_recent(
    menu: QMenu, rows: Sequence[FunctionRow], open_row: Callable[[FunctionRow], None], *, with_places: bool
) -> None:
    """Fill the menu anew. with_places: say where each function is."""
    menu.clear()
    for row in rows:
        where = f"   {row.connection} {row.region}" if with_places else ""
        title = one_line(row.function.name + where).replace("&", "&&")
        menu.addAction(title).triggered.connect(lambda _checked=False, row=row: open_row(row))
    if not rows:
        menu.addAction("None was opened yet").setEnabled(False)
