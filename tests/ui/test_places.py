"""Several connections and regions side by side: one list, each with its own colour, guard and trouble."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QTreeWidget, QTreeWidgetItem, QWidget

from lambdadesk.core.connections import ConnectionInfo, ConnectionKind, Guard
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.ui.desk import CONTROL, Desk, click, click_row, press, rows, turns, until, visible_words

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def other_aws() -> Iterator[FakeAws]:
    with FakeAws() as server:
        server.functions = [make_function("hello"), make_function("mail")]
        yield server


def endpoint(name: str, aws: FakeAws, *regions: str, **more: object) -> ConnectionInfo:
    info = ConnectionInfo(name, name, ConnectionKind.ENDPOINT, endpoint_url=aws.url, regions=regions, **more)  # type: ignore[arg-type]
    return info


def part(desk: Desk, name: str) -> QWidget | None:
    """A part of a dialog that is open."""
    return next((one for one in desk.window.findChildren(QWidget, name) if one.isVisible()), None)


async def store(desk: Desk, *infos: ConnectionInfo) -> None:
    for info in infos:
        await desk.console.connections.save(info)


async def show(desk: Desk, *places: tuple[ConnectionInfo, str]) -> None:
    desk.window.places.open_places([info.target(region) for info, region in places])
    await until(lambda: len(desk.console.shown) == len(places))
    await until(lambda: not any(each.catalog.state.loading for each in desk.console.shown.values()))
    await turns()


def cells(desk: Desk, columns: int = 3) -> list[tuple[str, ...]]:
    return [tuple(row[:columns]) for row in rows(desk.get("functionTable"))]


async def test_functions_of_all_places_are_one_list(desk: Desk, aws: FakeAws, other_aws: FakeAws) -> None:
    one = endpoint("one", aws, "us-east-1", "eu-west-1")
    two = endpoint("two", other_aws, "eu-west-1")
    await store(desk, one, two)
    await show(desk, (one, "us-east-1"), (two, "eu-west-1"))
    assert cells(desk) == [
        ("hello", "one", "us-east-1"),
        ("hello", "two", "eu-west-1"),
        ("mail", "two", "eu-west-1"),
        ("other", "one", "us-east-1"),
        ("third", "one", "us-east-1"),
    ]
    assert desk.window.windowTitle() == "2 connections - LambdaDesk"
    assert desk.get("connectionBox").currentText() == "one +1"
    assert desk.get("regionBox").currentText() == "2 regions"
    assert desk.text("functionCount") == "5 functions in 2 places"
    QTest.keyClicks(desk.get("functionFilter"), "two eu-west")
    assert cells(desk) == [("hello", "two", "eu-west-1"), ("mail", "two", "eu-west-1")]


async def test_functions_of_one_name_are_two_tabs(desk: Desk, aws: FakeAws, other_aws: FakeAws) -> None:
    one, two = endpoint("one", aws, "us-east-1"), endpoint("two", other_aws, "us-east-1")
    await store(desk, one, two)
    await show(desk, (one, "us-east-1"), (two, "us-east-1"))
    for row in (0, 1):
        click_row(desk.get("functionTable"), row)
    assert [page.key for page in desk.window.tabs.pages()] == [
        ("one/us-east-1", "hello"),
        ("two/us-east-1", "hello"),
    ]
    await until(lambda: not desk.page.invoke.scope.is_running("load"))
    asked = len(aws.requests("Invoke"))
    assert await desk.invoke('{"who": 2}') == "✔ 200 Succeeded"
    assert len(aws.requests("Invoke")) == asked
    assert other_aws.requests("Invoke")[-1].body == b'{"who": 2}'


def tab_texts(desk: Desk) -> list[str]:
    tabs = desk.window.tabs
    return [tabs.tabText(index) for index in range(1, tabs.count())]


def abouts(desk: Desk) -> list[str]:
    """The first words of the line about each opened function."""
    return [page.about.text().partition(" · ")[0] for page in desk.window.tabs.pages()]


async def test_one_function_in_two_regions_says_which_is_which(desk: Desk, aws: FakeAws) -> None:
    one = endpoint("one", aws, "us-east-1", "eu-west-1")
    await store(desk, one)
    await show(desk, (one, "us-east-1"))
    click_row(desk.get("functionTable"), 0)
    assert tab_texts(desk) == ["hello"]
    assert abouts(desk) == ["python3.13"]
    await show(desk, (one, "us-east-1"), (one, "eu-west-1"))
    assert tab_texts(desk) == ["hello · us-east-1"]  # also what was open already
    desk.window.open_by_name("one/eu-west-1", "hello")
    assert tab_texts(desk) == ["hello · us-east-1", "hello · eu-west-1"]
    assert abouts(desk) == ["us-east-1", "eu-west-1"]
    assert desk.text("functionAbout").startswith("eu-west-1 · python3.13 · ")
    del aws.functions[0]
    desk.window.places.refresh()
    await until(lambda: desk.text("functionAbout") == "eu-west-1 · deleted; its log can still be read")
    await show(desk, (one, "us-east-1"))
    assert tab_texts(desk) == ["hello"]
    assert abouts(desk) == ["deleted; its log can still be read"]


async def test_functions_of_two_connections_name_theirs(desk: Desk, aws: FakeAws, other_aws: FakeAws) -> None:
    one, two = endpoint("one & all", aws, "us-east-1"), endpoint("two", other_aws, "eu-west-1")
    await store(desk, one, two)
    await show(desk, (one, "us-east-1"), (two, "eu-west-1"))
    for row in (0, 1):
        click_row(desk.get("functionTable"), row)
    assert tab_texts(desk) == ["hello · one && all us-east-1", "hello · two eu-west-1"]
    assert abouts(desk) == ["one & all us-east-1", "two eu-west-1"]
    await desk.console.connections.save(replace(two, name="orders"))
    await until(lambda: tab_texts(desk)[1] == "hello · orders eu-west-1")
    assert "orders eu-west-1" in desk.window.tabs.tabToolTip(2)
    assert abouts(desk)[1] == "orders eu-west-1"


async def test_a_broken_place_costs_only_its_rows_and_says_so(
    desk: Desk, aws: FakeAws, other_aws: FakeAws
) -> None:
    one, two = endpoint("one", aws, "us-east-1"), endpoint("two", other_aws, "eu-west-1")
    await store(desk, one, two)
    other_aws.script("ListFunctions", faults.denied("lambda:ListFunctions"))
    await show(desk, (one, "us-east-1"), (two, "eu-west-1"))
    assert [row[0] for row in cells(desk)] == ["hello", "other", "third"]
    said = visible_words(desk.get("placeTroubles"))
    assert "two eu-west-1" in said
    assert "lambda:ListFunctions is denied." in said
    (retry,) = desk.get("placeTroubles").findChildren(QPushButton)
    asked = len(aws.requests("ListFunctions"))
    click(retry)
    await until(lambda: len(cells(desk)) == 5)
    assert not desk.get("placeTroubles").isVisible()
    assert len(aws.requests("ListFunctions")) == asked  # the healthy one is not asked again


async def test_a_slow_place_leaves_the_others(desk: Desk, aws: FakeAws, other_aws: FakeAws) -> None:
    one, two = endpoint("one", aws, "us-east-1"), endpoint("two", other_aws, "eu-west-1")
    await store(desk, one, two)
    other_aws.always("ListFunctions", faults.hang)
    desk.window.places.open_places([one.target("us-east-1"), two.target("eu-west-1")])
    await until(lambda: len(cells(desk)) == 3)
    # It hangs until its read times out, and is then told like any other trouble.
    await until(lambda: "two eu-west-1" in visible_words(desk.get("placeTroubles")))
    assert len(cells(desk)) == 3
    other_aws.always("ListFunctions", None)


async def test_with_the_last_list_all_is_shown_at_once(desk: Desk, aws: FakeAws, other_aws: FakeAws) -> None:
    one, two = endpoint("one", aws, "us-east-1"), endpoint("two", other_aws, "eu-west-1")
    await store(desk, one, two)
    await show(desk, (one, "us-east-1"), (two, "eu-west-1"))
    for server in (aws, other_aws):
        server.functions = [*server.functions, make_function("new")]
    counts: list[int] = []  # of rows, once the last list has come

    def note() -> None:
        if not any(each.catalog.state.loading for each in desk.console.shown.values()):
            counts.append(desk.window.functions.model.rowCount())

    disconnects = [each.catalog.changed.connect(note) for each in desk.console.shown.values()]
    desk.window.places.refresh()
    await until(lambda: counts)
    assert counts[0] == 7
    for disconnect in disconnects:
        disconnect()


async def test_places_are_ticked_in_a_tree(desk: Desk, aws: FakeAws, other_aws: FakeAws) -> None:
    await desk.listed()
    one, two = endpoint("one", aws, "us-east-1", "eu-west-1"), endpoint("two", other_aws)
    await store(desk, one, two)
    await until(lambda: len(desk.window.bar.choices) == 3)
    press(desk.window, Qt.Key.Key_R, CONTROL | SHIFT)
    tree = await until(lambda: desk.window.findChild(QTreeWidget, "placesTree"))
    tops: dict[str, QTreeWidgetItem] = {}
    for number in range(tree.topLevelItemCount()):
        tops[tree.topLevelItem(number).text(0)] = tree.topLevelItem(number)
    assert list(tops) == [aws.url, "one", "two"]
    assert [tops["one"].child(number).text(0) for number in range(2)] == ["us-east-1", "eu-west-1"]
    assert tops[aws.url].child(0).checkState(0) == Qt.CheckState.Checked
    tops[aws.url].setCheckState(0, Qt.CheckState.Unchecked)
    tops["one"].setCheckState(0, Qt.CheckState.Checked)
    tree.setCurrentItem(tops["two"])
    region = desk.window.findChild(type(desk.get("regionBox")), "placesRegion")
    region.setCurrentText("ap-south-1")
    click(desk.window.findChild(QPushButton, "placesAdd"))
    click(desk.window.findChild(QPushButton, "placesShow"))
    await until(lambda: list(desk.console.shown) == ["one/us-east-1", "one/eu-west-1", "two/ap-south-1"])
    await until(lambda: len(cells(desk)) == 8)


async def test_what_was_chosen_is_shown_again_by_the_next_start(
    desk: Desk, aws: FakeAws, other_aws: FakeAws
) -> None:
    one, two = endpoint("one", aws, "us-east-1"), endpoint("two", other_aws, "eu-west-1")
    await store(desk, one, two)
    desk.window.bar.connection_chosen.emit(one)
    await until(lambda: list(desk.console.shown) == ["one/us-east-1"])
    await show(desk, (one, "us-east-1"), (two, "eu-west-1"))
    click_row(desk.get("functionTable"), 1)
    await desk.close()
    desk.console.settings.save_now()
    again = Desk(desk.app, aws, desk.paths.home)
    again.is_connected_at_start = False
    async with again:
        assert again.console.connections.store.load() is None
        assert again.window.places.show_last_lists()
        assert len(cells(again)) == 5  # of the cache, before anything was asked
        assert again.window.places.reopen()
        await until(lambda: list(again.console.shown) == ["one/us-east-1", "two/eu-west-1"])
        await until(lambda: [page.key for page in again.window.tabs.pages()] == [("two/eu-west-1", "hello")])


async def test_an_edited_connection_goes_on_and_a_deleted_one_leaves(
    desk: Desk, aws: FakeAws, other_aws: FakeAws
) -> None:
    one, two = endpoint("one", aws, "us-east-1"), endpoint("two", other_aws, "eu-west-1")
    await store(desk, one, two)
    await show(desk, (one, "us-east-1"), (two, "eu-west-1"))
    click_row(desk.get("functionTable"), 0)
    desk.type_payload('{"typed": 1}')
    page, connection = desk.page, desk.page.connection
    await desk.console.connections.save(replace(one, name="orders", colour="#a01030"))
    await until(lambda: "orders" in {row[1] for row in cells(desk)})
    assert desk.page is page  # nothing was closed for a name
    assert desk.page.connection is connection
    assert desk.get("colourFrame").colour == "#a01030"
    assert desk.get("payloadEditor").toPlainText() == '{"typed": 1}'
    await desk.console.connections.delete("two")
    await until(lambda: list(desk.console.shown) == ["one/us-east-1"])
    await until(lambda: [row[0] for row in cells(desk)] == ["hello", "other", "third"])


async def test_a_stricter_guard_holds_at_once(desk: Desk, aws: FakeAws) -> None:
    one = endpoint("one", aws, "us-east-1")
    await store(desk, one)
    await show(desk, (one, "us-east-1"))
    await desk.open("hello")
    assert not desk.get("guardBadge").isVisible()
    await desk.console.connections.save(endpoint("one", aws, "us-east-1", guard=Guard.READ_ONLY))
    await until(lambda: desk.window.bar.badge.text() == "READ-ONLY")
    await until(lambda: desk.window.tabs.page is not None)  # opened again
    await until(lambda: not desk.page.invoke.scope.is_running("load"))
    assert "read-only" in await desk.invoke("{}")
    assert aws.requests("Invoke") == []


async def test_production_wants_the_name_typed(desk: Desk, aws: FakeAws) -> None:
    one = endpoint("one", aws, "us-east-1", guard=Guard.PRODUCTION, colour="#c0392b")
    await store(desk, one)
    await show(desk, (one, "us-east-1"))
    await desk.open("hello")
    assert desk.window.bar.badge.text() == "PRODUCTION"
    desk.type_payload('{"a": 1}')
    click(desk.get("invokeButton"))
    name = await until(lambda: part(desk, "confirmName"))
    QTest.keyClicks(name, "hello")
    press(name, Qt.Key.Key_Return)
    await turns()
    assert aws.requests("Invoke") == []  # Enter never confirms
    press(part(desk, "confirmUnlock"), Qt.Key.Key_Space)
    click(part(desk, "confirmInvoke"))
    assert await desk.outcome() == "✔ 200 Succeeded"
    assert [request.body for request in aws.requests("Invoke")] == [b'{"a": 1}']
    await until(lambda: desk.window.bar.badge.text() == "UNLOCKED 10 min")
    assert await desk.invoke() == "✔ 200 Succeeded"  # for ten minutes nothing more is asked
    assert len(aws.requests("Invoke")) == 2
    click(desk.get("guardBadge"))
    assert desk.window.bar.badge.text() == "PRODUCTION"
    click(desk.get("invokeButton"))
    name = await until(lambda: part(desk, "confirmName"))
    press(name, Qt.Key.Key_Escape)
    await until(lambda: desk.text("resultStatus") == "✖ Not sent: you did not confirm it.")
    assert len(aws.requests("Invoke")) == 2


async def test_what_looks_like_production_is_said_once(desk: Desk, aws: FakeAws) -> None:
    one = endpoint("orders prod", aws, "us-east-1")
    await store(desk, one)
    await show(desk, (one, "us-east-1"))
    await until(lambda: "orders prod looks like production." in desk.notices())
    click(desk.get("noticeBar").findChild(QPushButton, "noticeRetry"))
    await until(lambda: desk.window.bar.badge.text() == "PRODUCTION")
    assert desk.console.connections.get("orders prod").guard is Guard.PRODUCTION
    assert not desk.get("noticeBar").isVisible()


async def test_a_profile_that_looks_like_production_becomes_a_connection(
    desk: Desk, aws: FakeAws, tmp_path: Path
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(
        "[profile prod]\nregion = eu-west-2\naws_access_key_id = p\naws_secret_access_key = p\n"
    )
    desk.window.places.open_target("prod", "", aws.url)
    await desk.open("hello")
    desk.type_payload('{"typed": 1}')
    await until(lambda: "prod looks like production." in desk.notices())
    click(desk.get("noticeBar").findChild(QPushButton, "noticeRetry"))
    await until(lambda: desk.window.bar.badge.text() == "PRODUCTION")
    (stored,) = desk.console.connections.get_all()
    assert (stored.kind, stored.profile, stored.guard) == (ConnectionKind.PROFILE, "prod", Guard.PRODUCTION)
    await until(lambda: desk.window.tabs.page is not None)
    assert desk.get("payloadEditor").toPlainText() == '{"typed": 1}'  # nothing typed is lost


async def test_lock_stops_all_calls_until_unlock(desk: Desk, aws: FakeAws) -> None:
    await desk.open("hello")
    desk.action("Lock").trigger()
    await until(lambda: "LambdaDesk is locked." in desk.notices())
    asked = len(aws.requests())
    assert "LambdaDesk is locked." in await desk.invoke("{}")
    press(desk.window, Qt.Key.Key_F5)
    await turns()
    assert len(aws.requests()) == asked
    desk.action("Unlock").trigger()
    await until(lambda: len(aws.requests("ListFunctions")) > 1)
    assert not desk.get("noticeBar").isVisible()
    assert await desk.invoke() == "✔ 200 Succeeded"
