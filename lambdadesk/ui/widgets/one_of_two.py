"""Two buttons of which one can be used at a time: what starts some work, and what cancels it."""

from PySide6.QtWidgets import QPushButton


def show_one(start: QPushButton, cancel: QPushButton, *, is_busy: bool, is_stopping: bool = False) -> None:
    """Let the work be started, or cancelled while it runs; is_stopping: it was cancelled already.

    The one that can't be used hands on the focus, which else would go to the first field of the window: the
    choice of the connection, which the next key changes.
    """
    usable, other = (cancel, start) if is_busy else (start, cancel)
    has_focus = other.hasFocus()
    usable.setEnabled(True)
    usable.show()
    if has_focus:
        usable.setFocus()
    other.setEnabled(False)
    if is_busy and is_stopping and not cancel.hasFocus():
        cancel.setEnabled(False)
