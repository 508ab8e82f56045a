"""A desktop's notification service on a session bus, which keeps what it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from jeepney import HeaderFields, MessageType, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

NAME = "org.freedesktop.Notifications"
Told = tuple[str, tuple[object, ...]]  # the signature of a Notify call, and its arguments


@contextmanager
def notification_service(address: str) -> Iterator[list[Told]]:
    """What it was told so far, while it serves on the bus at the address."""
    told: list[Told] = []
    is_over = threading.Event()

    with open_dbus_connection(address) as connection:
        connection.send_and_get_reply(message_bus.RequestName(NAME))

        def serve() -> None:
            while not is_over.is_set():
                with suppress(TimeoutError):
                    message = connection.receive(timeout=0.05)
                    if message.header.message_type is MessageType.method_call:
                        told.append((message.header.fields[HeaderFields.signature], message.body))
                        connection.send(new_method_return(message, "u", (1,)))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield told
        finally:
            is_over.set()
            thread.join(10)
