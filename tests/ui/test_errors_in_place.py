"""Each failure is one sentence where it belongs, and everything else goes on working."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QPushButton

from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.ui.desk import Desk, click, press, turns, until, visible_words

GROUP = "/aws/lambda/hello"


def notices(desk: Desk) -> int:
    return len(desk.window.notices.keys())


# Which call is denied -> where that is said.
PLACES: dict[str, tuple[str, Callable[[Desk], str]]] = {
    "ListFunctions": ("lambda:ListFunctions", lambda desk: desk.text("functionCount")),
    "Invoke": ("lambda:InvokeFunction", lambda desk: desk.text("resultStatus")),
    "FilterLogEvents": ("logs:FilterLogEvents", lambda desk: desk.text("logProblem")),
    "ListAliases": ("lambda:ListAliases", lambda desk: str(desk.get("qualifierBox").toolTip())),
    "ListVersionsByFunction": (
        "lambda:ListVersionsByFunction",
        lambda desk: str(desk.get("qualifierBox").toolTip()),
    ),
}


@pytest.mark.parametrize("operation", PLACES)
async def test_one_call_that_is_denied_is_said_in_its_place_and_only_there(
    desk: Desk, aws: FakeAws, operation: str
) -> None:
    await desk.listed()
    action, place = PLACES[operation]
    aws.always(operation, faults.denied(action))
    press(desk.window, Qt.Key.Key_F5)
    await desk.listed()
    await desk.open("hello", "Logs")
    await desk.polled()
    desk.turn_to("Invoke")
    await until(lambda: not desk.page.invoke.scope.is_running("qualifiers"))
    status = await desk.invoke('{"a": 1}')
    assert action in place(desk)
    for other, (_action, elsewhere) in PLACES.items():
        if other != operation and elsewhere is not place:
            assert action not in elsewhere(desk) or elsewhere(desk) == place(desk)
    assert notices(desk) == 0
    assert desk.function_names() == ["hello", "other", "third"]
    assert ("Succeeded" in status) == (operation != "Invoke")
    desk.turn_to("Logs")
    aws.always(operation, None)
    aws.add_events(GROUP, "a line\n")
    await desk.polled()
    view = desk.get("logView")
    assert "a line" in [view.line_text(row) for row in range(view.line_count())]


NOT_RUN, UNKNOWN, ANSWERED = "✖ Not run: ", "▲ Outcome unknown: ", "✔ 200 Succeeded"


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        pytest.param(faults.html(200), NOT_RUN, id="portal"),
        pytest.param(faults.html(503), UNKNOWN, id="proxy"),
        pytest.param(faults.garbage, UNKNOWN, id="garbage"),
        pytest.param(faults.reset, UNKNOWN, id="reset"),
        pytest.param(faults.cut, UNKNOWN, id="cut"),
        pytest.param(faults.hang, UNKNOWN, id="hang"),
        pytest.param(faults.expired(), NOT_RUN, id="expired"),
        pytest.param(faults.expired("UnrecognizedClientException"), NOT_RUN, id="unknown key"),
        pytest.param(faults.throttled(), NOT_RUN, id="throttled"),
        pytest.param(faults.reply(200, b"not json"), ANSWERED, id="not json"),  # a function may answer so
        pytest.param(faults.reply(200, {"Functions": None, "events": None}), ANSWERED, id="nulls"),
        pytest.param(
            faults.error(418, "<b>Teapot</b>", "<img src=x>\u202e" + "long " * 200), NOT_RUN, id="teapot"
        ),
    ],
)
@pytest.mark.usefixtures("impatient")
async def test_where_everything_fails_the_window_says_so_calmly_and_recovers(
    desk: Desk, aws: FakeAws, fault: faults.Fault, status: str
) -> None:
    aws.functions[0]["Timeout"] = 0
    await desk.open("hello", "Logs")
    await desk.polled()
    aws.always("*", fault)
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: "Showing what is known." in desk.text("functionCount"))
    await desk.polled()
    assert desk.text("logProblem").startswith("✖ ")
    desk.turn_to("Invoke")
    assert (await desk.invoke('{"a": 1}')).startswith(status), desk.text("resultStatus")
    assert len(aws.requests("Invoke")) == 1
    desk.turn_to_cost()
    await turns()
    assert notices(desk) <= 3
    words = visible_words(desk.window)
    assert "\u202e" not in words
    assert not desk.crashes
    aws.always("*", None)
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: desk.text("functionCount") == "3 functions", lambda: desk.text("functionCount"))
    await desk.open("hello")
    assert await desk.invoke() == "✔ 200 Succeeded"
    desk.turn_to("Logs")
    await desk.polled()
    assert not desk.get("logProblem").isVisible()


async def test_an_endpoint_where_nobody_listens(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    desk.window.places.open_target("", "us-east-1", "http://127.0.0.1:9")
    await until(lambda: "The endpoint can't be reached." in visible_words(desk.window.functions))
    assert "Check the network, the endpoint and the region" in visible_words(desk.window.functions)
    assert notices(desk) == 0
    desk.window.places.open_target("", "us-east-1", aws.url)
    await until(lambda: desk.function_names() == ["hello", "other", "third"])


async def test_entries_without_what_one_expects_are_listed_all_the_same(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    aws.functions = [
        {"FunctionName": "bare"},
        {"FunctionName": "odd", "Timeout": None, "Architectures": [], "LastModified": "yesterday"},
        {"FunctionName": "image", "PackageType": "Image"},
    ]
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: desk.function_names() == ["bare", "image", "odd"], desk.function_names)
    await desk.open("odd")
    assert desk.text("functionName") == "odd"


async def test_a_cache_that_cannot_be_written_is_one_notice_however_often(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    await until(lambda: not desk.connection.scope.is_running("refresh"))
    for each in desk.paths.cache_dir.iterdir():
        each.unlink()
    desk.paths.cache_dir.rmdir()
    desk.paths.cache_dir.write_text("a file where the folder should be")
    for _refresh in range(3):
        press(desk.window, Qt.Key.Key_F5)
        await turns()
        await until(lambda: not desk.connection.scope.is_running("refresh"))
    assert notices(desk) == 1
    assert "The function list can't be saved." in desk.notices()
    assert desk.function_names() == ["hello", "other", "third"]
    (details,) = [
        each for each in desk.get("noticeBar").findChildren(QPushButton) if each.text() == "Details"
    ]
    assert "Not a directory" not in desk.notices()
    click(details)
    assert "functions-" in desk.notices()
    assert isinstance(desk.get("noticeBar").findChildren(QFrame)[0], QFrame)


async def test_a_mistake_of_our_own_goes_to_the_crash_window_and_nowhere_else(desk: Desk) -> None:
    async def fail() -> None:
        raise RuntimeError("a mistake of our own")

    await desk.open("hello")
    desk.connection.scope.start("mistake", fail)
    await until(lambda: desk.crashes)
    assert "a mistake of our own" not in visible_words(desk.window)
    assert await desk.invoke() == "✔ 200 Succeeded"
    desk.crashes.clear()
