"""What is done to many numbers at once: by numpy where it is there already, since it takes long to import."""

import sys
from array import array
from collections.abc import Sequence
from itertools import accumulate
from operator import sub
from typing import Any

FEW = 64  # numbers; fewer are quicker without it


def get_numpy() -> Any:
    """The module, where somebody has imported it (the charts do); else None."""
    return sys.modules.get("numpy")


def add_to_all(numbers: "array[int]", addend: int) -> "array[int]":
    """The numbers with another added to each."""
    if not addend:
        return numbers
    np = get_numpy() if len(numbers) > FEW else None
    if np is None:
        return array(numbers.typecode, [number + addend for number in numbers])
    moved: array[int] = array(numbers.typecode)
    sums = np.frombuffer(numbers, numbers.typecode).astype(np.int64) + addend
    moved.frombytes(sums.astype(numbers.typecode).tobytes())
    return moved


def largest_step(numbers: "array[int]") -> int:
    """By how much one number (not negative, ascending) is larger than the one before it, at most."""
    np = get_numpy() if len(numbers) > FEW else None
    if np is None:
        return max(map(sub, numbers[1:], numbers), default=0)
    return int(np.diff(np.frombuffer(numbers, numbers.typecode)).max())


def places_at_least(numbers: "array[int]", places: "array[int]", least: int) -> list[int]:
    """Which of the places (from 0) hold a number that is `least` or more."""
    np = get_numpy() if len(places) > FEW else None
    if np is None:
        return [at for at, place in enumerate(places) if numbers[place] >= least]
    # Buffers, and with them the arrays, are free again when this returns.
    at_places = np.frombuffer(numbers, numbers.typecode)[np.frombuffer(places, places.typecode)]
    found: list[int] = np.flatnonzero(at_places >= least).tolist()
    return found


def those_below(numbers: "array[int]", limit: int) -> "array[int]":
    """The numbers that are less than a limit."""
    np = get_numpy() if len(numbers) > FEW else None
    if np is None:
        return array(numbers.typecode, [number for number in numbers if number < limit])
    every = np.frombuffer(numbers, numbers.typecode)
    return array(numbers.typecode, every[every < limit].tobytes())


def put_at_all(numbers: "array[int]", places: "array[int]", number: int) -> None:
    """Put a number at these places, those below 0 left out."""
    np = get_numpy() if len(places) > FEW else None
    if np is None:
        for place in places:
            if place >= 0:
                numbers[place] = number
        return
    where = np.frombuffer(places, places.typecode)
    np.frombuffer(numbers, numbers.typecode)[where[where >= 0]] = number


def running_sums(numbers: "array[int]", first: int) -> "array[int]":
    """The first number, and then with each of the others added; one more than there are numbers."""
    np = get_numpy() if len(numbers) > FEW else None
    if np is None:
        return array("q", accumulate(numbers, initial=first))
    sums = array("q", [first])
    sums.frombytes((np.cumsum(np.frombuffer(numbers, numbers.typecode), dtype=np.int64) + first).tobytes())
    return sums


def picked(numbers: "array[int]", places: "array[int]", base: int) -> "array[int]":
    """What is at these places, which count from `base`."""
    np = get_numpy() if len(places) > FEW else None
    if np is None:
        return array(numbers.typecode, [numbers[place - base] for place in places])
    where = np.frombuffer(places, places.typecode).astype(np.int64) - base
    return array(numbers.typecode, np.frombuffer(numbers, numbers.typecode)[where].tobytes())


def put_in(numbers: "array[int]", places: Sequence[int], more: Sequence[int]) -> None:
    """Put further numbers before those at these (ascending) places; each is moved once, where it is."""
    stop = len(numbers)
    numbers.extend(more)
    with memoryview(numbers) as all_numbers:
        for shift in range(len(places), 0, -1):
            place = places[shift - 1]
            all_numbers[place + shift : stop + shift] = all_numbers[place:stop]
            all_numbers[place + shift - 1] = more[shift - 1]
            stop = place
