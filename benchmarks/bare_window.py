"""The peer of the start-up: the smallest window with a table, shown, painted and closed.

It notes its first paint in the file that LAMBDADESK_MILESTONES names, as the application does.
"""

import os
import sys
import time

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow, QTableView


class Painted(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  Qt's name
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self.finish)
        return False

    def finish(self) -> None:
        with open(os.environ["LAMBDADESK_MILESTONES"], "a", encoding="utf-8") as file:
            file.write(f"first_frame {time.monotonic_ns()}\n")
        QApplication.quit()


app = QApplication(sys.argv)
window = QMainWindow()
table = QTableView()
window.setCentralWidget(table)
window.resize(1280, 800)
painted = Painted()
table.installEventFilter(painted)
window.show()
app.exec()
