"""With numpy and without it comes out the same."""

from array import array
from itertools import accumulate
from operator import itemgetter

import numpy  # noqa: F401  so that it is there
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdadesk.core.many_numbers import (
    add_to_all,
    get_numpy,
    largest_step,
    picked,
    places_at_least,
    put_at_all,
    put_in,
    running_sums,
    those_below,
)

many = st.lists(st.integers(0, 2**40), min_size=60, max_size=90)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 99)), max_size=9))
def test_numbers_are_put_in(more: list[tuple[int, int]]) -> None:
    numbers = array("q", range(100, 106))
    more.sort(key=itemgetter(0))
    expected = []
    for place in range(7):
        expected += [number for at, number in more if at == place]
        expected += numbers[place : place + 1]
    put_in(numbers, [place for place, _number in more], [number for _place, number in more])
    assert list(numbers) == expected


@settings(max_examples=50, deadline=None)
@given(many, st.integers(-5, 5), st.data())
def test_as_one_by_one(numbers: list[int], addend: int, data: st.DataObject) -> None:
    assert get_numpy() is not None
    column = array("q", numbers)
    assert list(add_to_all(column, addend)) == [number + addend for number in numbers]
    short = array("I", [number % 1_000 + 10 for number in numbers])
    assert list(add_to_all(short, addend)) == [number + addend for number in short]
    places = array("q", data.draw(st.lists(st.integers(0, len(numbers) - 1), min_size=60, max_size=90)))
    least = data.draw(st.sampled_from(numbers))
    expected = [at for at, place in enumerate(places) if numbers[place] >= least]
    assert places_at_least(column, places, least) == expected
    few = array("q", places[:20])
    assert places_at_least(column, few, least) == [at for at in expected if at < 20]
    ascending = array("q", sorted(numbers))
    expected_steps = [one - other for one, other in zip(ascending[1:], ascending, strict=False)]
    assert largest_step(ascending) == max(expected_steps)
    assert largest_step(ascending[:20]) == max(expected_steps[:19])
    assert largest_step(ascending[:1]) == 0
    for some in (places, few):
        assert list(picked(column, array("q", [place + 7 for place in some]), 7)) == [
            numbers[at] for at in some
        ]
        with_gaps = array("i", [-1, *some, -1])
        changed = column[:]
        put_at_all(changed, with_gaps, -5)
        assert list(changed) == [-5 if at in some else number for at, number in enumerate(numbers)]
        changed.append(1)
    for some in (column, column[:20]):
        assert list(those_below(some, least)) == [number for number in some if number < least]
    for sizes in (short, short[:20], short[:0]):
        assert list(running_sums(sizes, 3)) == list(accumulate(sizes, initial=3))
    column.append(1)  # nothing holds on to them
    places.append(1)
