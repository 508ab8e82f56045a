"""Stack traces made short: the frames in the middle are left out."""

import re

_FRAME = re.compile(r'\s+(?:at |File "|from |in )\S')  # Node and Java, Python, Ruby, .NET
_KEPT = 2  # frames at either end
_FEWEST = 3  # frames that are worth leaving out


def fold_frames(text: str) -> tuple[str, int]:
    """The text with "… 12 frames" for those in the middle of each trace, and how many there are in all.

    A frame may take several lines: those after it that are indented further belong to it.
    """
    if "\n" not in text and "\r" not in text:
        return text, 0
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept: list[str] = []
    hidden = at = 0
    while at < len(lines):
        frames, stop = _frames(lines, at)
        if len(frames) < 2 * _KEPT + _FEWEST:
            kept += lines[at : max(stop, at + 1)]
        else:
            left_out = len(frames) - 2 * _KEPT
            indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
            kept += [
                *lines[at : frames[_KEPT]],
                f"{indent}… {left_out} frames",
                *lines[frames[-_KEPT] : stop],
            ]
            hidden += left_out
        at = max(stop, at + 1)
    return ("\n".join(kept), hidden) if hidden else (text, 0)


def _frames(lines: list[str], start: int) -> tuple[list[int], int]:
    """Where the frames of the trace begin that starts here, and where it ends; none: (start, start)."""
    frames: list[int] = []
    at = start
    while at < len(lines):
        line = lines[at]
        if _FRAME.match(line):
            frames.append(at)
        elif not frames or not line.startswith(_deeper(lines[frames[-1]])):
            break
        at += 1
    return frames, at


def _deeper(line: str) -> str:
    return line[: len(line) - len(line.lstrip())] + " "
