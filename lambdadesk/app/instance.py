"""One window per home and target: a second start brings the first window to the front."""

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QLockFile

from lambdadesk.store.files import make_private

ANSWER_MS = 1_500
MAX_SOCKET_PATH = 100  # bytes; macOS allows 104


class Instance:
    """Whether this process is the first with its home and target, and the line to the one that is.

    The lock is freed by the operating system when its process ends, however it ends.
    """

    def __init__(self, folder: Path, lock_name: str, target: str) -> None:
        name = f"{lock_name}-{hashlib.sha256(target.encode()).hexdigest()[:12]}"
        self._folder = folder
        self._lock = QLockFile(str(folder / f"{name}.lock"))
        # A socket in our own folder is nobody else's. Windows has pipes; paths of sockets have to be short.
        path = folder / f"{name}.sock"
        is_usable = sys.platform != "win32" and len(os.fsencode(path)) < MAX_SOCKET_PATH
        self._name = str(path) if is_usable else name
        self._lock.setStaleLockTime(0)
        self._server: object | None = None

    def is_first(self) -> bool:
        """True too where no lock can be kept (a read-only disk): a second window is no harm."""
        try:
            make_private(self._folder)
        except OSError:
            return True
        return self._lock.tryLock(0) or self._lock.error() != QLockFile.LockError.LockFailedError

    def hand_over(self, function: str, page: str) -> bool:
        """Ask the first window to come to the front and open this; False if it does not answer."""
        from PySide6.QtNetwork import QLocalSocket

        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(ANSWER_MS):
            return False
        socket.write(json.dumps({"function": function, "page": page}).encode() + b"\n")
        heard = socket.waitForBytesWritten(ANSWER_MS) and socket.waitForReadyRead(ANSWER_MS)
        socket.disconnectFromServer()
        return heard

    def listen(self, raised: Callable[[str, str], None]) -> None:
        """Call `raised(function, page)` whenever another start hands over. Only the first may listen."""
        if not self._lock.isLocked():
            return
        from PySide6.QtNetwork import QLocalServer

        server = QLocalServer()
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        QLocalServer.removeServer(self._name)  # left by a killed process; the lock says nobody uses it

        def on_connection() -> None:
            while (socket := server.nextPendingConnection()) is not None:
                socket.readyRead.connect(lambda socket=socket: on_line(socket))
                socket.disconnected.connect(socket.deleteLater)

        def on_line(socket: object) -> None:
            if not socket.canReadLine():  # type: ignore[attr-defined]  # a QLocalSocket, imported late
                return
            try:
                wish = json.loads(socket.readLine().data())  # type: ignore[attr-defined]
                function, page = str(wish["function"]), str(wish["page"])
            except (ValueError, KeyError, TypeError):
                return  # not from us
            socket.write(b"ok\n")  # type: ignore[attr-defined]
            raised(function, page)

        server.newConnection.connect(on_connection)
        if server.listen(self._name):
            self._server = server

    def release(self) -> None:
        if self._server is not None:
            self._server.close()  # type: ignore[attr-defined]  # a QLocalServer, imported late
            self._server = None
        self._lock.unlock()
