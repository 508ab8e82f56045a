import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.ansi import Piece, has_colours, pieces
from lambdadesk.core.text import one_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", [Piece("plain", -1, False)]),
        ("\x1b[31mred\x1b[0m not", [Piece("red", 1, False), Piece(" not", -1, False)]),
        ("\x1b[1;92mok\x1b[22;39m.\n", [Piece("ok", 2, True), Piece(".", -1, False)]),
        ("\x1b[38;5;196mA\x1b[38;2;0;0;250mB", [Piece("A", 1, False), Piece("B", 4, False)]),
        ("\x1b[38;5;244mA\x1b[48;5;9mB", [Piece("A", 7, False), Piece("B", 7, False)]),
        ("\x1b[38;5;3mA\x1b[38;5mB", [Piece("A", 3, False), Piece("B", 0, False)]),
        ("a\x1b[2Kb \u202e\r\nc", [Piece("ab <U+202E> ⏎ c", -1, False)]),
        ("a\n\x1b[34mb", [Piece("a ⏎ ", -1, False), Piece("b", 4, False)]),
        ("\x1b[31m", []),
    ],
)
def test_colours_of_a_line(text: str, expected: list[Piece]) -> None:
    assert pieces(text, 1_000) == expected


def test_a_long_line_is_cut() -> None:
    assert pieces("\x1b[31m" + "x" * 100, 15) == [Piece("x" * 10 + "… (+90 characters)", 1, False)]
    assert has_colours("a\x1b[31m")
    assert not has_colours("a [31m")


@given(st.text(alphabet="ab\x1b[]0;13m\r\n\t\u202e", max_size=30))
def test_pieces_never_show_what_one_line_hides(text: str) -> None:
    shown = "".join(piece.text for piece in pieces(text, 1_000))
    assert shown.isprintable()
    if "\n" not in text and "\r" not in text:
        assert shown == one_line(text)
