import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.text import one_line, short_lines, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\tb\nc", "a\tb\nc"),
        ("nul\x00bell\x07", "nul<U+0000>bell<U+0007>"),
        ("pass\u202edrow", "pass<U+202E>drow"),
        ("zero\u200bwidth\ufeff", "zero<U+200B>width<U+FEFF>"),
        ("\x1b[31;1mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link", "<U+001B>]8;;http://x<U+0007>link"),
        ("node\rbreaks\r\nlines", "node\nbreaks\nlines"),
        ("del\x7f c1\x9b", "del<U+007F> c1<U+009B>"),
        ("half \ud83d", "half <U+D83D>"),
        ("tag\U000e0041", "tag<U+E0041>"),
        ("👩\u200d💻 builds", "👩\u200d💻 builds"),
        ("x\u200dy", "x<U+200D>y"),
        ("Grüße, 世界", "Grüße, 世界"),
    ],
)
def test_hidden_characters_are_spelt_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_what_is_visible_stays_as_it_is(text: str) -> None:
    once = visible(text)
    assert visible(once) == once
    assert not set(once) & set("\x00\x1b\r\u202e\u2066\u200b\ufeff")


def test_hostile_megabytes_take_no_time() -> None:
    """A pattern that tried every way to cut the digits, or looked for every end, would be at it for hours."""
    digits = "0" * 2_000_000
    assert visible("\x1b[" + digits) == "<U+001B>[" + digits
    for start in "[" + "0" * 60, "]" + "0" * 60:
        assert visible(f"\x1b{start}" * 100_000) == f"<U+001B>{start}" * 100_000


def test_one_line_shows_breaks_and_says_what_it_left_off() -> None:
    assert one_line("a\nb\r\nc\rd\n") == "a ⏎ b ⏎ c ⏎ d"
    assert one_line("x" * 4_000) == "x" * 4_000
    assert one_line("x" * 4_003) == "x" * 4_000 + "… (+3 characters)"
    assert one_line("x" * 1_000_000, 10).endswith("… (+999,990 characters)")
    assert one_line("REPORT\tDuration") == "REPORT  Duration"


@given(st.text(alphabet="ab\n"), st.integers(1, 5))
def test_short_lines_lose_nothing(text: str, width: int) -> None:
    broken = short_lines(text, width)
    assert all(len(line) <= width for line in broken.split("\n")) or len(text) <= width
    assert broken.replace("\n", "") == text.replace("\n", "")
