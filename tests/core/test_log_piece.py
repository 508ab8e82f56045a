import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.core.log_piece import LogPiece
from lambdadesk.core.logstore import LogRow, LogStore

texts = st.text(st.characters(codec=None), max_size=12)
rows = st.builds(
    LogRow,
    *(st.integers(0, 2**42), st.integers(0, 2**42), texts, texts, st.integers(0, 5), st.integers(0, 4)),
    *(st.integers(-1, 3), st.booleans()),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(rows, min_size=1, max_size=20))
def test_pieces_come_back_from_their_bytes(rows: list[LogRow]) -> None:
    """Lone surrogates, line breaks and emoji with them."""
    rows = [row._replace(request_id=f"r{row.invocation}" * (row.invocation >= 0)) for row in rows]
    pieces: list[LogPiece | None] = []
    store = LogStore(cap=1)
    store.keep = pieces.append
    store.add(rows)
    kept = [store.row(number) for number in range(store.first, store.end)]
    found = []
    for piece in pieces:
        assert piece is not None
        again = LogStore.of_piece(LogPiece.from_bytes(piece.to_bytes()))
        assert (again.first, len(again)) == (piece.first, piece.line_count)
        found += [again.row(number) for number in range(again.first, again.end)]
    assert [*found, *kept] == sorted(rows, key=lambda row: row[:2])
    pieces.clear()
    store.clear()
    assert pieces == [None]


def test_other_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="these are no lines"):
        LogPiece.from_bytes(b"something else")
