"""A notification of the desktop, on Linux by org.freedesktop.Notifications."""

import os
from html import escape

from lambdadesk.core.text import one_line
from lambdadesk.core.threads import in_thread

_LIMIT = 200  # characters
_SHOWN_MS = 8_000
_WAIT_S = 2.0
_NAME = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"


async def tell_desktop(title: str, text: str) -> bool:
    """Show a short text on the desktop; False where nobody there takes it. Never raises."""
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return False
    return await in_thread(_send, one_line(title, _LIMIT), one_line(text, _LIMIT))


def _send(title: str, text: str) -> bool:
    try:
        from jeepney import DBusAddress, DBusErrorResponse, new_method_call
        from jeepney.io.blocking import open_dbus_connection
    except ImportError:  # keyring brings it, on Linux alone
        return False
    # The body may be read as markup, and holds text from outside.
    arguments: tuple[object, ...] = ("LambdaDesk", 0, "", title, escape(text, quote=False), [], {}, _SHOWN_MS)
    message = new_method_call(DBusAddress(_PATH, _NAME, _NAME), "Notify", "susssasa{sv}i", arguments)
    try:
        with open_dbus_connection(bus="SESSION") as connection:
            reply = connection.send_and_get_reply(message, timeout=_WAIT_S)
            return bool(reply.header.message_type.name == "method_return")
    except (OSError, DBusErrorResponse, TimeoutError, KeyError, ValueError):
        return False
