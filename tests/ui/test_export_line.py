"""An export that takes long says so, can be stopped, and then leaves no file."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QPicture
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from lambdadesk.core.errors import UserError
from lambdadesk.core.invocation_columns import InvocationColumns
from lambdadesk.core.types import Invocation, Outcome
from lambdadesk.desk.tasks import TaskScope
from lambdadesk.ui.widgets.export_line import ExportLine, InSight
from lambdadesk.ui.widgets.picture import Drawn
from tests.ui.desk import click, until

COUNT = 400_000  # rows take some seconds


def draw() -> Drawn:
    return Drawn(QPicture(), QSize(10, 10), QColor("white"), 96, "Charts", "")


async def test_it_is_stopped_while_it_goes_on(qapp: QApplication, tmp_path: Path) -> None:
    one = InvocationColumns.from_invocations([Invocation("f", "r", 1_000, "s", 2_000, outcome=Outcome.OK)])
    columns = one.where(np.zeros(COUNT, np.int64))
    failures: list[Exception] = []
    scope = TaskScope(lambda _name, error: failures.append(error))
    page = QWidget()
    line = ExportLine(page, scope, "hello", "charts", "chart")
    QVBoxLayout(page).addWidget(line)
    page.show()
    path = tmp_path / "out.csv"
    scope.start("export", line.export, path, InSight(draw, columns))
    await until(lambda: "Exporting: " in line.said.text() and line.cancel.isVisible())
    click(line.cancel)
    await until(lambda: line.said.text() == "The export was stopped; no file was written.")
    assert not line.cancel.isVisible()
    assert not path.exists()
    scope.start("export", line.export, tmp_path / "out", InSight(draw, one))  # an ending tells what to write
    await until(lambda: failures)
    assert isinstance(failures[0], UserError)
    assert failures[0].hint == "End it in .png, .svg or .csv."
    scope.start("export", line.export, path, InSight(draw, one))
    await until(lambda: line.said.text() == f"✔ 1 invocation saved to {path}.")
    await scope.close()
    page.close()
    page.deleteLater()
