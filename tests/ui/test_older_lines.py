"""Lines that no longer fit into memory are told of, looked at and filtered."""

import os
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from lambdadesk.ui.dialogs.older_lines_dialog import OlderLinesDialog
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import CONTROL, Desk, click, press, until

GROUP = "/aws/lambda/hello"


def texts(dialog: OlderLinesDialog) -> list[str]:
    return [dialog.view.line_text(row) for row in range(dialog.view.line_count())]


async def test_older_lines_are_looked_at_filtered_and_paged(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello", "Logs")
    await desk.polled()
    assert not desk.get("logOlder").isVisible()
    desk.tail.store.cap = 1_000
    aws.add_events(GROUP, *(f"line {number} of many\n" for number in range(9_000)))
    await until(lambda: desk.get("logOlder").text() == "8,192 older on disk", lambda: desk.text("logCount"))
    await until(lambda: desk.text("logCount") == "808 lines", lambda: desk.text("logCount"))
    click(desk.get("logOlder"))
    dialog = desk.window.findChild(OlderLinesDialog)
    assert dialog is not None
    await until(lambda: dialog.status.text() == "8,192 of 8,192 older lines.", dialog.status.text)
    await until(lambda: texts(dialog)[::8_191] == ["line 0 of many", "line 8191 of many"])  # the view scans
    assert not dialog.older.isEnabled()
    assert not dialog.newer.isEnabled()
    dialog.filter.setFocus()
    QTest.keyClicks(dialog.filter, "/line 70[12]\\d /")
    press(dialog.filter, Qt.Key.Key_Return)
    await until(lambda: dialog.status.text() == "20 found in 8,192 older lines.", dialog.status.text)
    await until(lambda: texts(dialog) == [f"line {number} of many" for number in range(7_010, 7_030)])
    QTest.keyClicks(dialog.filter, " /(/")
    press(dialog.filter, Qt.Key.Key_Return)
    await until(lambda: dialog.status.text().startswith("✖ Column "), dialog.status.text)
    assert len(texts(dialog)) == 20
    dialog.page_lines = 5_000
    for wanted, is_found in (("many", "found in"), ("", "of")):
        dialog.filter.setText(wanted)
        press(dialog.filter, Qt.Key.Key_Return)
        head = f"5,000 of 8,192 {is_found} 8,192" if wanted else "5,000 of 8,192"
        await until(lambda head=head: dialog.status.text().startswith(head), dialog.status.text)
        await until(lambda: texts(dialog)[:1] == ["line 3192 of many"])
        click(dialog.older)
        await until(lambda: texts(dialog)[:1] == ["line 0 of many"] and len(texts(dialog)) == 3_192)
        assert not dialog.older.isEnabled()
        click(dialog.newer)
        await until(lambda: texts(dialog)[:1] == ["line 3192 of many"])
        assert not dialog.newer.isEnabled()
    dialog.close()
    await until(lambda: desk.window.findChild(OlderLinesDialog) is None)


def said(desk: Desk) -> str:
    return desk.text("logOlderMatches")


async def type_filter(desk: Desk, text: str) -> None:
    field = desk.get("logFilter")
    field.setFocus()
    press(field, Qt.Key.Key_A, CONTROL)
    press(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)
    await until(lambda: not desk.get("logView").is_scanning)


async def fill(desk: Desk, aws: FakeAws) -> None:
    """5,000 lines, every 100th of which is an error, and 4,096 of which are on disk."""
    await desk.open("hello", "Logs")
    await desk.polled()
    desk.tail.store.cap = 1_000
    lines = (f"[ERROR] {at} line\n" if at % 100 == 0 else f"{at} line\n" for at in range(5_000))
    aws.add_events(GROUP, *lines)
    await until(lambda: desk.get("logOlder").text() == "4,096 older on disk", lambda: desk.text("logCount"))


async def test_the_filter_of_the_page_tells_of_lines_on_disk(desk: Desk, aws: FakeAws) -> None:
    await fill(desk, aws)
    row = desk.page.logs.older_matches  # type: ignore[union-attr]
    assert not row.isVisible()
    await type_filter(desk, "line")
    await until(lambda: said(desk) == "+ 4,096 of 4,096 older lines on disk match", lambda: said(desk))
    click(desk.get("logLevelInfo"))
    await until(lambda: said(desk) == "+ 41 of 4,096 older lines on disk match", lambda: said(desk))
    await type_filter(desk, "/00 line/")
    await until(lambda: said(desk) == "+ 40 of 4,096 older lines on disk match", lambda: said(desk))
    # The same filter opens with the lines, and can be widened there.
    click(desk.get("logOlderShow"))
    dialog = desk.window.findChild(OlderLinesDialog)
    assert dialog is not None
    assert dialog.filter.text() == "/00 line/"
    assert dialog.narrow.text() == "As on the page: level error, warn, debug"
    await until(lambda: len(texts(dialog)) == 40, dialog.status.text)
    assert texts(dialog)[0] == "[ERROR] 100 line"
    dialog.filter.setText("/0 line/")
    press(dialog.filter, Qt.Key.Key_Return)
    await until(lambda: len(texts(dialog)) == 41, dialog.status.text)
    press(dialog.narrow, Qt.Key.Key_Space)
    await until(lambda: len(texts(dialog)) == 410, dialog.status.text)
    # Another filter of the page replaces that of the dialog, when it is asked for again.
    await type_filter(desk, "nowhere")
    await until(lambda: said(desk) == "None of 4,096 older lines on disk match", lambda: said(desk))
    assert not desk.get("logOlder").isVisible()  # this row tells of them already
    click(desk.get("logLevelInfo"))
    await type_filter(desk, "4000")
    await until(lambda: said(desk) == "+ 1 of 4,096 older lines on disk matches", lambda: said(desk))
    click(desk.get("logOlderShow"))
    await until(lambda: texts(dialog) == ["[ERROR] 4000 line"], dialog.status.text)
    assert not dialog.narrow.isVisible()
    dialog.close()
    # What comes to the disk later is counted as well.
    aws.add_events(GROUP, *(f"4000 again {at}\n" for at in range(4_000)))
    desk.tail.poll_now()
    archive = desk.tail.archive
    assert archive is not None
    await until(lambda: desk.tail.store.end == 9_000)

    def expected() -> str:
        return f"+ {len(archive) - 4_999:,} of {len(archive):,} older lines on disk match"

    await until(lambda: len(archive) > 5_000 and said(desk) == expected(), lambda: said(desk))
    await type_filter(desk, "")
    await until(lambda: not row.isVisible())
    await type_filter(desk, "line")
    await until(row.isVisible)
    desk.tail.store.clear()
    await until(lambda: not row.isVisible())


async def test_a_low_page_tells_of_matches_on_the_button(desk: Desk, aws: FakeAws) -> None:
    await fill(desk, aws)
    desk.window.resize(760, 500)
    button = desk.get("logOlder")
    await until(lambda: button.text() == "4,096 older", button.text)
    panel = desk.page.logs
    assert panel is not None
    assert not panel.clear.isVisible()  # the filter needs the room
    await until(lambda: panel.filter.width() > 2 * panel.count.width())
    await type_filter(desk, "/00 line/")
    await until(lambda: button.text() == "+ 40 older", button.text)
    row = desk.page.logs.older_matches  # type: ignore[union-attr]
    await until(lambda: not row.isVisible())  # unless the count took long
    click(button)
    dialog = desk.window.findChild(OlderLinesDialog)
    assert dialog is not None
    await until(lambda: len(texts(dialog)) == 40, dialog.status.text)
    dialog.close()
    row._stop()  # as its button, which is shown where a count takes more than a second
    assert row.isVisible()
    assert not button.isVisible()
    click(desk.get("logOlderAgain"))
    await until(lambda: not row.isVisible() and button.text() == "+ 40 older", button.text)
    desk.window.resize(1280, 800)
    await until(row.isVisible)
    assert said(desk) == "+ 40 of 4,096 older lines on disk match"
    assert panel.clear.isVisible()
    (clear,) = [each for each in panel.tools.menu.actions() if each.text() == "Clear the lines shown"]
    clear.trigger()
    await until(lambda: desk.text("logCount") == "0 lines", lambda: desk.text("logCount"))


async def test_a_count_that_was_not_completed_is_said_and_gone_on_with(desk: Desk, aws: FakeAws) -> None:
    await fill(desk, aws)
    QTest.keyClicks(desk.get("logFilter"), "line")
    press(desk.get("logFilter"), Qt.Key.Key_Return)
    click(desk.get("logOlderCancel"))  # before the pause after the last key is over
    assert said(desk) == "▲ Counting was stopped: 0 found in 0 of 4,096 older lines on disk."
    assert not desk.get("logOlderCancel").isVisible()
    click(desk.get("logOlderAgain"))
    assert said(desk) == "Counting matches: 0 found in 0 of 4,096 older lines on disk…"
    await until(lambda: said(desk) == "+ 4,096 of 4,096 older lines on disk match", lambda: said(desk))
    assert not desk.get("logOlderAgain").isVisible()
    # A disk that does not answer is no line without a match.
    archive = desk.tail.archive
    assert archive is not None
    await until(lambda: archive.is_settled)
    (file,) = archive._file._segments
    size = os.fstat(file.fileno()).st_size
    kept = os.pread(file.fileno(), size, 0)
    os.truncate(file.fileno(), 100)
    await type_filter(desk, "line ")
    await until(
        lambda: said(desk).startswith("✖ Not all were counted: 0 found in 0 of 4,096"), lambda: said(desk)
    )
    assert "Older log lines can't be read from the disk" in said(desk)
    os.pwrite(file.fileno(), kept, 0)
    click(desk.get("logOlderAgain"))
    await until(lambda: said(desk) == "+ 4,096 of 4,096 older lines on disk match", lambda: said(desk))


async def test_an_export_has_the_lines_on_disk_or_says_that_it_has_not(
    desk: Desk, aws: FakeAws, tmp_path: Path
) -> None:
    def trigger(title: str) -> None:
        (action,) = [each for each in desk.get("logTools").menu.actions() if each.text() == title]
        assert action.isVisible()
        action.trigger()

    async def export() -> list[str]:
        """Into the file that is asked for."""
        (dialog,) = desk.page.findChildren(QFileDialog, "logExportDialog")
        path = tmp_path / f"{len(os.listdir(tmp_path))}.log"
        dialog.fileSelected.emit(str(path))
        dialog.reject()
        await until(lambda: f"written to {path}" in desk.text("logExport"), lambda: desk.text("logExport"))
        await until(lambda: not desk.page.findChildren(QFileDialog, "logExportDialog"))
        return [line.split(" ", 1)[1] for line in path.read_text().splitlines()]

    await fill(desk, aws)
    (older,) = [each for each in desk.get("logTools").menu.actions() if "on disk" in each.text()]
    assert not older.isVisible()
    trigger("Export the lines shown…")
    assert (await export())[0] == "4096 line"
    assert desk.text("logExport").endswith(". The 4,096 older lines on disk are not in it.")
    click(desk.get("logExportWhole"))
    assert len(await export()) == 5_000
    assert desk.text("logExport").endswith(".log.")
    assert not desk.get("logExportWhole").isVisible()
    await type_filter(desk, "/00 line/")
    await until(lambda: said(desk) == "+ 40 of 4,096 older lines on disk match", lambda: said(desk))
    trigger("Export the lines shown…")
    assert len(await export()) == 9
    assert desk.text("logExport").endswith(". The matches on disk, 40, are not in it.")
    trigger("Export matches, on disk, too…")
    assert await export() == [f"[ERROR] {at} line" for at in range(100, 5_000, 100)]
    trigger("Export all lines…")
    assert len(await export()) == 5_000


async def test_times_of_older_lines_and_of_the_account_are_those_of_the_page(
    desk: Desk, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(desk, aws)
    await until(lambda: desk.tail.counts.complete_to_ms)
    (in_utc,) = [
        each
        for each in desk.page.logs.tools.more.menu().actions()  # type: ignore[union-attr]
        if each.text() == "Times in UTC"
    ]
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "XXX-05:30")
        time.tzset()
        in_utc.trigger()
        moment_ms = desk.tail.counts.complete_to_ms
        words = desk.text("logLedger")
    time.tzset()
    assert moment_ms is not None
    assert f"complete to {time.strftime('%H:%M:%S', time.gmtime(moment_ms / 1000))}" in words
    click(desk.get("logOlder"))
    dialog = desk.window.findChild(OlderLinesDialog)
    assert dialog is not None
    assert dialog.view.is_utc
    in_utc.trigger()
    assert not dialog.view.is_utc
    dialog.close()


async def test_escape_closes_the_line_in_full_and_then_the_dialog(desk: Desk, aws: FakeAws) -> None:
    await fill(desk, aws)
    click(desk.get("logOlder"))
    dialog = desk.window.findChild(OlderLinesDialog)
    assert dialog is not None
    await until(lambda: texts(dialog))
    table = dialog.view.table
    table.setFocus()
    press(table, Qt.Key.Key_Home)
    assert dialog.view.detail.isVisible()
    press(table, Qt.Key.Key_Escape)
    assert not dialog.view.detail.isVisible()
    assert dialog.isVisible()
    press(table, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
