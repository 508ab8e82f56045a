"""A power sweep in words: what is to be run, how far it is, and what to choose."""

from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.power_sweep import Choice, Pick
from lambdadesk.desk.power_sweep import Sweep


def read_sizes(text: str) -> tuple[int, ...]:
    """ "128, 256 512": each size once. UserError where one is no number."""
    sizes = []
    for word in text.replace(",", " ").split():
        if not word.isascii() or not word.isdecimal():
            raise UserError(
                f"{word[:20]} is no memory size.", "Write whole numbers of MB.", kind=ErrorKind.INVALID
            )
        sizes.append(int(word[:9]))
    return tuple(sorted(set(sizes)))


def get_picks(choice: Choice) -> dict[int, str]:
    """What each size was chosen for."""
    found: dict[int, list[str]] = {}
    for pick, word in (
        (choice.cheapest, "cheapest"),
        (choice.fastest, "fastest"),
        (choice.balanced, "balanced"),
    ):
        if pick is not None:
            found.setdefault(pick.memory_mb, []).append(word)
    return {size: ", ".join(words) for size, words in found.items()}


def tell_choice(choice: Choice, *, is_whole: bool = True) -> str:
    """The choice with its reasons, a line each. is_whole: False where sizes were not run."""
    found: dict[Pick, list[str]] = {}
    for pick, word in (
        (choice.cheapest, "cheapest"),
        (choice.fastest, "fastest"),
        (choice.balanced, "balanced"),
    ):
        if pick is not None:
            found.setdefault(pick, []).append(word)
    lines = [
        f"{_listed(words).capitalize()}: {pick.memory_mb:,} MB, {pick.reason}."
        for pick, words in found.items()
    ]
    if lines and not is_whole:
        lines.insert(0, "Not all sizes were run. Of those that were:")
    return "\n".join(lines) or "No size can be chosen; the table says why."


def _listed(words: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def tell_state(sweep: Sweep) -> tuple[str, str]:
    """How far a sweep is, or how it ended, and the colour to say it in."""
    if not sweep.is_over:
        stopping = "Stopping. " if sweep.was_stopped else ""
        count = f" · {sweep.done:,} of {sweep.wanted:,} runs" if sweep.done else ""
        return f"{stopping}{sweep.step}…{count}", "text"
    if sweep.trouble is not None:
        return "\n".join(f"✖ {each}" for each in (sweep.error, sweep.trouble) if each is not None), "error"
    is_gone = sweep.error is not None and sweep.error.kind is ErrorKind.NOT_FOUND
    back = f" $LATEST has its {sweep.former_mb:,} MB, the versions are deleted."
    if not sweep.former_mb or is_gone:  # nothing was changed, or it is no more
        back = ""
    if sweep.error is not None:
        return f"✖ {sweep.error}{back}", "error"
    if sweep.was_stopped:
        return f"▲ Stopped.{back}", "warning"
    failed = sum(point.failed + point.throttled for point in sweep.points)
    if failed:
        return f"▲ {sweep.done:,} runs, of which {failed:,} failed and are left out.{back}", "warning"
    return f"✔ {sweep.done:,} runs.{back}", "ok"
