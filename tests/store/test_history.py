"""The history keeps what was sent, finds it again, and changes only what it is told to."""

import asyncio
import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from lambdadesk.core.errors import UserError
from lambdadesk.core.types import Outcome
from lambdadesk.store.history_entry import RESPONSE_LIMIT_BYTES, Write
from tests.store.history_rig import CANARY, FULL, REPORT, opened, plain, read_files


async def test_an_entry_comes_back_as_it_was_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "data" / "history.sqlite"
    async with opened(path) as history:
        entry_id = await history.add(FULL)
    async with opened(path) as history:
        assert await history.entry(entry_id) == replace(FULL, id=entry_id)
        assert await history.entry(entry_id + 1) is None
        (listed,) = await history.recent("local")
    assert listed == replace(FULL, id=entry_id, payload=b"", client_context="", response=b"", log_tail="")
    assert str(listed.cost) == "0.0000069670"


async def test_recent_is_newest_first_by_target_and_function(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        for sent_ms in (5, 9, 7):
            await history.add(plain("hello", sent_ms))
        await history.add(plain("other", 8))
        await history.add(replace(plain(), target_key="default@aws/us-east-1"))
        assert [entry.sent_ms for entry in await history.recent("local")] == [9, 8, 7, 5]
        assert [entry.sent_ms for entry in await history.recent("local", "hello", limit=2)] == [9, 7]
        assert await history.recent("nowhere") == []


async def test_an_update_replaces_the_entry_and_never_revives_a_deleted_one(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        running = plain(payload=b"{}")
        entry = replace(running, id=await history.add(running))
        await history.update(replace(entry, outcome=Outcome.ERROR, function_error="Unhandled", report=REPORT))
        stored = await history.entry(entry.id)
        assert stored is not None
        assert (stored.outcome, stored.report, stored.payload) == (Outcome.ERROR, REPORT, b"{}")
        await history.delete_all()
        await history.update(stored)
        assert await history.recent("local") == []


async def test_an_update_leaves_what_the_user_noted(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        number = await history.add(FULL)
        await history.update(replace(FULL, id=number, is_starred=False, note="", fate="failed"))
        entry = await history.entry(number)
        assert entry == replace(FULL, id=number, fate="failed")


async def test_many_are_written_together_in_their_order(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        kept = replace(FULL, id=await history.add(FULL))
        changed = replace(kept, outcome=Outcome.ERROR, cost=Decimal(1))
        ids = await history.write(
            [
                (Write.ADD, plain("one", 1)),
                (Write.UPDATE, replace(kept, error="first")),
                (Write.SETTLE, changed),
                (Write.UPDATE, plain("never stored")),
                (Write.ADD, plain("two", 2)),
            ]
        )
        assert ids == [kept.id + 1, kept.id, kept.id, 0, kept.id + 2]
        assert [each.function for each in await history.recent("local")] == [
            "image-thumbnailer",
            "two",
            "one",
        ]
        assert await history.entry(kept.id) == replace(changed, error="first")


async def test_that_a_run_was_sent_changes_nothing_of_one_that_was_answered(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        waiting = replace(FULL, received_ms=None, outcome=Outcome.UNKNOWN, error="ahead")
        ids = await history.write([(Write.ADD, waiting), (Write.ADD, FULL)])
        sent = replace(waiting, error="sent", response=b"never")
        assert await history.write([(Write.SENT, replace(sent, id=each)) for each in (*ids, 0)]) == [*ids, 0]
        assert await history.entry(ids[0]) == replace(waiting, id=ids[0], error="sent")
        assert await history.entry(ids[1]) == replace(FULL, id=ids[1])


async def test_of_many_either_all_are_written_or_none(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    async with opened(path) as history:
        other = sqlite3.connect(path)
        other.execute(
            "CREATE TRIGGER no BEFORE INSERT ON invocation WHEN NEW.function = 'two' "
            "BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        other.close()
        with pytest.raises(UserError):
            await history.write([(Write.ADD, plain("one")), (Write.ADD, plain("two"))])
        assert await history.recent("local") == []
        assert await history.write([(Write.ADD, plain("one")), (Write.ADD, plain("three"))]) == [1, 2]


async def test_many_at_once_and_none_is_lost(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        ids = await asyncio.gather(*(history.add(plain(sent_ms=number)) for number in range(30)))
        assert len(set(ids)) == 30
        assert len(await history.recent("local")) == 30


async def test_long_responses_are_cut_and_say_so(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        fits = await history.add(plain(response=b"x" * RESPONSE_LIMIT_BYTES))
        cut = await history.add(plain(response=b"x" * (RESPONSE_LIMIT_BYTES + 1), payload=b"p" * 6_000_000))
        first, second = await history.entry(fits), await history.entry(cut)
    assert first is not None
    assert second is not None
    assert (len(first.response), first.response_truncated) == (RESPONSE_LIMIT_BYTES, False)
    assert (len(second.response), second.response_truncated) == (RESPONSE_LIMIT_BYTES, True)
    assert len(second.payload) == 6_000_000


async def test_a_text_is_found_wherever_it_stands(tmp_path: Path) -> None:
    async with opened(tmp_path / "history.sqlite") as history:
        for number, changes in enumerate(
            [
                {"payload": b'{"order": "A-100%"}'},
                {"response": '{"city": "Zürich"}'.encode()},
                {"note": "the SLOW one"},
                {"error": "No answer came in time."},
                {"request_id": "8476a536"},
                {"function": "orders_api"},
            ]
        ):
            await history.add(replace(plain(sent_ms=number), **changes))  # type: ignore[arg-type]

        async def found(text: str, **options: object) -> list[int]:
            entries = await history.search("local", text=text, **options)  # type: ignore[arg-type]
            assert all(not entry.payload and not entry.response for entry in entries)
            return [entry.sent_ms for entry in entries]

        assert await found("") == [5, 4, 3, 2, 1, 0]
        assert await found("a-100") == [0]
        assert await found("100%") == [0]
        assert await found("Zürich") == [1]
        assert await found("slow") == [2]
        assert await found("no answer") == [3]
        assert await found("8476A5") == [4]
        assert await found("orders_a") == [5]
        assert await found("ordersXa") == []
        assert await found("", function="hello", limit=2) == [4, 3]
        assert await history.search("another") == []


async def test_stars_notes_and_deletion_hold(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    async with opened(path) as history:
        ids = [await history.add(replace(CANARY, sent_ms=number, is_starred=False)) for number in range(3)]
        await history.set_starred(ids[:2], True)
        await history.set_note(ids[0], "<b>note</b>")
        assert [entry.id for entry in await history.search("local", starred=True)] == [ids[1], ids[0]]
        entry = await history.entry(ids[0])
        assert entry is not None
        assert (entry.is_starred, entry.note) == (True, "<b>note</b>")
        await history.set_starred(ids[:1], False)
        assert [entry.id for entry in await history.search("local", starred=True)] == [ids[1]]
        await history.delete(ids[:2])
        assert [entry.id for entry in await history.recent("local")] == [ids[2]]
        await history.delete(ids[2:])
        assert b"canary" not in read_files(tmp_path)
