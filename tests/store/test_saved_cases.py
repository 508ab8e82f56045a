"""Cases are files that others may write, too: what is wrong with one is said in its place."""

import os
from decimal import Decimal
from pathlib import Path

import pytest

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.expectations import Case, Check, Expectations, ResponseRule
from lambdadesk.store.saved_cases import SavedCases

CASE = Case(
    "large order",
    '{"n": 1.10}',
    qualifier="live",
    expectations=Expectations(
        "ok",
        "",
        (
            ResponseRule("a", Check.EQUALS, '{"b":[1]}'),
            ResponseRule("c", Check.EXISTS),
            ResponseRule("d", Check.MATCHES, "^x"),
        ),
        100,
        Decimal("0.00000023"),
    ),
)


async def test_a_case_comes_back_as_it_was(tmp_path: Path) -> None:
    cases = SavedCases(tmp_path / "events")
    assert await cases.list("hello") == ()
    await cases.save("hello", CASE)
    await cases.save(
        "hello", Case("by event", "", "order", expectations=Expectations("function error", "KeyError"))
    )
    by_event, large = await SavedCases(tmp_path / "events").list("hello")
    assert large.case == CASE
    assert by_event.case is not None
    assert (by_event.case.event, by_event.case.expectations.error_type) == ("order", "KeyError")
    path = tmp_path / "events" / "hello" / "cases" / "large order.case.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert '"maxCost": "0.00000023"' in path.read_text()
    await cases.delete("hello", "large order")
    await cases.delete("hello", "large order")
    assert [each.name for each in await cases.list("hello")] == ["by event"]


async def test_another_name_takes_the_old_one_away_but_no_other_case(tmp_path: Path) -> None:
    cases = SavedCases(tmp_path)
    await cases.save("hello", Case("one"))
    await cases.save("hello", Case("two"), old_name="one")
    assert [each.name for each in await cases.list("hello")] == ["two"]
    await cases.save("hello", Case("one"))
    for changes in ({"old_name": "one"}, {"is_new": True}):
        with pytest.raises(UserError) as caught:
            await cases.save("hello", Case("two"), **changes)  # type: ignore[arg-type]
        assert caught.value.message == "There is a case two already."


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "The file is not JSON (line 1)."),
        (b"[]", "The file holds no case."),
        (b"{}", "The case has neither a payload nor an event."),
        (b'{"payload": {}}', '"payload" is not what it should be.'),
        (
            b'{"payload": "1", "expect": {"outcome": "good"}}',
            '"outcome" is neither "ok" nor "function error".',
        ),
        (b'{"payload": "1", "expect": {"maxDurationMs": true}}', '"maxDurationMs" is not what it should be.'),
        (b'{"payload": "1", "expect": {"maxCost": "x"}}', '"x" is not an amount.'),
        (b'{"payload": "1", "expect": {"response": [{"path": "a"}]}}', "The expectation of a says neither"),
        (
            b'{"payload": "1", "expect": {"response": [{"path": "(", "exists": true}]}}',
            '"(" is not a JMESPath.',
        ),
        (b'{"payload": "1", "expect": {"response": [{"path": "a", "matches": "(a+)+"}]}}', "(a+)+ repeats"),
    ],
)
async def test_a_bad_file_is_said_in_its_place(tmp_path: Path, content: bytes, problem: str) -> None:
    cases = SavedCases(tmp_path)
    await cases.save("hello", Case("good"))
    (tmp_path / "hello" / "cases" / "bad.case.json").write_bytes(content)
    bad, good = await cases.list("hello")
    assert bad.case is None
    assert bad.problem.startswith(problem)
    assert good.case == Case("good")


async def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"payload": "1"}')
    cases = SavedCases(tmp_path / "events")
    await cases.save("hello", Case("good"))
    folder = tmp_path / "events" / "hello" / "cases"
    (folder / "link.case.json").symlink_to(tmp_path / "secret.json")
    os.mkfifo(folder / "pipe.case.json")
    problems = {each.name: each.problem for each in await cases.list("hello")}
    assert problems == {
        "good": "",
        "link": "It is a link to outside of the folder.",
        "pipe": "This is not a file.",
    }
    with pytest.raises(UserError):
        await cases.save("hello", Case("link"), old_name="link")
    assert (tmp_path / "secret.json").read_text() == '{"payload": "1"}'


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", ".x", "nul", "x.", "x" * 81, "a\nb"])
async def test_names_that_are_no_file_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError) as caught:
        await SavedCases(tmp_path).save("hello", Case(name))
    assert caught.value.kind is ErrorKind.INVALID
    assert not any(tmp_path.rglob("*.json"))  # noqa: ASYNC240


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "events").write_text("in the way")
    with pytest.raises(UserError) as caught:
        await SavedCases(tmp_path / "events").save("hello", Case("one"))
    assert caught.value.kind is ErrorKind.STORAGE
