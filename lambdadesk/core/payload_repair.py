"""Repair of a payload that is almost JSON: offered only where it leads to valid JSON."""

import re
from collections import Counter
from dataclasses import dataclass

from lambdadesk.core.payload import check_payload

_PIECE = re.compile(
    r"(?P<space>[ \t\r\n]++)"
    r'|(?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+")'
    r"|(?P<quoted>'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'"
    r'|[“”„‟«»][^“”„‟«»"\n]*+[“”„‟«»]'
    r"|[\u2018-\u201b][^\u2018-\u201b\n]*+[\u2018-\u201b])"
    r"|(?P<comment>//[^\n]*+|\#[^\n]*+|/\*.*?\*/)"
    r"|(?P<mark>[{}\[\],:])"
    r"|(?P<blank>[^\S \t\r\n]|\ufeff)"
    r"|(?P<word>[^\s{}\[\],:\"'“”„‟«»\u2018-\u201b\#/]++)",
    re.DOTALL,
)
_NAME = re.compile(r"[A-Za-z_$][\w$]*+")
_ESCAPE_OR_QUOTE = re.compile(r"\\(.)|\"", re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}
_WORDS = {
    **dict.fromkeys(("True", "TRUE"), "true"),
    **dict.fromkeys(("False", "FALSE"), "false"),
    **dict.fromkeys(("None", "Null", "NULL", "nil", "undefined"), "null"),
}
# What is done: verb and participle, of one and of several.
_DEEDS = {
    "last comma": ("remove", "Removed", "the comma after the last element", "{} commas after last elements"),
    "comment": ("remove", "Removed", "1 comment", "{} comments"),
    "quotes": ("put", "Put", "1 string in double quotes", "{} strings in double quotes"),
    "name": ("put", "Put", "1 key in double quotes", "{} keys in double quotes"),
    "word": ("write", "Wrote", "1 word as JSON does", "{} words as JSON does"),
    "comma": ("add", "Added", "1 missing comma", "{} missing commas"),
    "bracket": ("add", "Added", "1 closing bracket", "{} closing brackets"),
    "blank": ("replace", "Replaced", "1 special space", "{} special spaces"),
}


@dataclass(frozen=True, slots=True)
class Repair:
    """Valid JSON made of a text that wasn't.

    offer: what would be done, "remove the comma after the last element and 2 comments"; done: the same as a
    fact, "Removed the comma after the last element and 2 comments".
    """

    text: str
    offer: str
    done: str


def find_repair(text: str) -> Repair | None:
    """How to make valid JSON of a text, None where that isn't obvious or it is valid already.

    Commas, comments, quotes, words of other languages, brackets and blanks are mended; what is inside of
    strings and numbers stays. One pass, some 0.3 s a megabyte.
    """
    mending = _Mending(text)
    after = mending.run()
    if after is None or not mending.deeds:
        return None
    problem = check_payload(after)
    if problem is not None and problem.is_error:
        return None
    return Repair(after, *_in_words(mending.deeds))


class _Mending:
    """One pass over the text; what it can't read or place, the check of the result finds."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._out: list[str] = []
        self._open: list[tuple[str, int]] = []  # brackets and their positions
        self._last = -1  # in `out`: the last piece that isn't white space
        self._broke = False  # a line has ended since
        self._place = "value"  # what comes next: value, key, colon, or after (a value)
        self.deeds: Counter[str] = Counter()

    def run(self) -> str | None:
        end = 0
        for match in _PIECE.finditer(self._text):
            if match.start() != end:
                return None
            end = match.end()
            piece = match[0]
            match match.lastgroup:
                case "space":
                    self._broke = self._broke or "\n" in piece
                    self._out.append(piece)
                case "comment":
                    self._drop_comment(piece)
                case "blank":
                    self.deeds["blank"] += 1
                    self._out.append("" if piece == "\ufeff" else " ")
                case "mark":
                    if not self._take_mark(piece, match.start()):
                        return None
                case "word":
                    self._take_word(piece)
                case "quoted":
                    self.deeds["quotes"] += 1
                    self._take_value(_double_quoted(piece))
                case _:
                    self._take_value(piece)
        if end != len(self._text) or self._last < 0:
            return None
        if self._open or self._is_comma_last():
            self._finish()
        return "".join(self._out)

    def _put(self, piece: str) -> None:
        self._last = len(self._out)
        self._out.append(piece)
        self._broke = False

    def _inside(self) -> str:
        return "key" if self._open and self._open[-1][0] == "{" else "value"

    def _is_comma_last(self) -> bool:
        return self._last >= 0 and self._out[self._last] == ","

    def _drop_comment(self, piece: str) -> None:
        self.deeds["comment"] += 1
        if not piece.startswith("/*") and self._out and not self._out[-1].strip():
            self._out[-1] = self._out[-1].rstrip(" \t")
        elif piece.startswith("/*"):
            self._out.append(" ")  # it may have kept two words apart

    def _begin_value(self) -> None:
        if self._place == "after" and self._open and self._broke:
            self.deeds["comma"] += 1
            self._out[self._last] += ","
            self._place = self._inside()

    def _take_value(self, piece: str) -> None:
        self._begin_value()
        self._put(piece)
        self._place = "colon" if self._place == "key" else "after"

    def _take_word(self, word: str) -> None:
        self._begin_value()
        if self._place == "key" and _NAME.fullmatch(word):
            self.deeds["name"] += 1
            word = f'"{word}"'
        elif self._place == "value" and word in _WORDS:
            self.deeds["word"] += 1
            word = _WORDS[word]
        self._take_value(word)

    def _take_mark(self, mark: str, position: int) -> bool:
        """False where it is not obvious what the bracket is to close."""
        if mark in _CLOSING:
            self._begin_value()
            self._open.append((mark, position))
            self._put(mark)
            self._place = self._inside()
        elif mark in ("}", "]"):
            self._drop_last_comma()
            # One missing bracket is obvious, `[1}`; of more, nobody knows where they belong.
            if len(self._open) > 1 and _CLOSING[self._open[-1][0]] != mark:
                self.deeds["bracket"] += 1
                bracket, _position = self._open.pop()
                self._out.insert(self._last + 1, _CLOSING[bracket])
                self._last += 1
            if not self._open or _CLOSING[self._open[-1][0]] != mark:
                return False
            self._open.pop()
            self._put(mark)
            self._place = "after"
        else:
            self._put(mark)
            self._place = "value" if mark == ":" else self._inside()
        return True

    def _drop_last_comma(self) -> None:
        if self._is_comma_last():
            self.deeds["last comma"] += 1
            self._out[self._last] = ""
            while self._last > 0 and not self._out[self._last].strip():
                self._last -= 1

    def _finish(self) -> None:
        """Close what is open where the text ends, each bracket as far in as the line that opened it."""
        self._drop_last_comma()
        rest = self._out[self._last + 1 :]
        del self._out[self._last + 1 :]
        last_break = self._text.rfind("\n", 0, len(self._text.rstrip()))
        while self._open:
            bracket, position = self._open.pop()
            self.deeds["bracket"] += 1
            if position < last_break:
                line = self._text[self._text.rfind("\n", 0, position) + 1 : position]
                self._out.append("\n" + line[: len(line) - len(line.lstrip(" \t"))])
            self._out.append(_CLOSING[bracket])
        self._out += rest


def _double_quoted(piece: str) -> str:
    """The string in double quotes; its value stays."""

    def escape(match: re.Match[str]) -> str:
        escaped: str | None = match[1]
        if escaped is None:
            return '\\"'
        return "'" if escaped == "'" else match[0]

    return f'"{_ESCAPE_OR_QUOTE.sub(escape, piece[1:-1])}"'


def _in_words(deeds: Counter[str]) -> tuple[str, str]:
    grouped: dict[tuple[str, str], list[str]] = {}
    for name, (verb, participle, one, several) in _DEEDS.items():
        if count := deeds[name]:
            grouped.setdefault((verb, participle), []).append(one if count == 1 else several.format(count))
    offers = [f"{verb} {' and '.join(what)}" for (verb, _), what in grouped.items()]
    facts = [f"{participle.lower()} {' and '.join(what)}" for (_, participle), what in grouped.items()]
    done = ", ".join(facts)
    return ", ".join(offers), done[0].upper() + done[1:]
