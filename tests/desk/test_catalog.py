"""The function list comes page by page, keeps what it has, and is there at once from the last run."""

import asyncio
from pathlib import Path

import pytest

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.threads import in_thread
from lambdadesk.core.types import Target
from lambdadesk.desk.catalog import Catalog, CatalogState
from lambdadesk.store.catalog_cache import CatalogCache
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function

answered = faults.slow(0)  # a page that comes as it should


def make_catalog(aws: FakeAws, cache: CatalogCache, limits: Limits | None = None) -> Catalog:
    return Catalog(Gateway(Target("us-east-1", endpoint_url=aws.url), limits), cache)


def watch(catalog: Catalog) -> list[CatalogState]:
    states: list[CatalogState] = []
    catalog.changed.connect(lambda: states.append(catalog.state))
    return states


def names(catalog: Catalog) -> list[str]:
    return [function.name for function in catalog.state.functions]


async def test_rows_appear_page_by_page(aws: FakeAws, cache: CatalogCache) -> None:
    aws.functions = [make_function(f"f{number:03}") for number in range(120)]
    catalog = make_catalog(aws, cache)
    states = watch(catalog)
    assert catalog.state.loading
    await catalog.refresh()
    assert [(len(state.functions), state.loading) for state in states] == [
        (0, True),
        (50, True),
        (100, True),
        (120, True),
        (120, False),
    ]
    assert names(catalog) == [f"f{number:03}" for number in range(120)]
    assert catalog.state.loaded_ms is not None
    assert catalog.state.error is None
    assert catalog.get("f077") is catalog.state.functions[77]
    assert catalog.get("f120") is None


async def test_a_page_that_fails_leaves_the_others(aws: FakeAws, cache: CatalogCache, quick: Limits) -> None:
    aws.functions = [make_function(f"f{number:03}") for number in range(120)]
    aws.script("ListFunctions", answered, answered, faults.denied("lambda:ListFunctions"))
    catalog = make_catalog(aws, cache, quick)
    await catalog.refresh()
    state = catalog.state
    assert len(state.functions) == 100
    assert not state.loading
    assert state.loaded_ms is None
    assert state.error is not None
    assert state.error.kind is ErrorKind.DENIED
    assert "partial" in state.error.message
    await catalog.wait_for_an_answer()
    assert cache.load(f"default@{aws.url}/us-east-1") is None  # half a list is no list for the next run


async def test_an_error_keeps_the_rows_and_the_next_refresh_mends_it(
    aws: FakeAws, cache: CatalogCache, quick: Limits
) -> None:
    aws.functions = [make_function("stays"), make_function("goes")]
    catalog = make_catalog(aws, cache, quick)
    await catalog.refresh()
    loaded_ms = catalog.state.loaded_ms
    aws.functions = [make_function("stays"), make_function("comes")]
    aws.script("ListFunctions", faults.error(500, "ServiceException"))
    await catalog.refresh()
    assert names(catalog) == ["stays", "goes"]
    assert catalog.state.error is not None
    assert catalog.state.loaded_ms == loaded_ms
    states = watch(catalog)
    await catalog.refresh()
    assert names(catalog) == ["stays", "comes"]
    assert catalog.state.error is None
    # What was shown stays until the whole list is there, so that nothing flickers.
    assert all("goes" in [function.name for function in state.functions] for state in states[:-1])


async def test_the_list_of_the_last_run_is_there_before_aws_is_asked(
    aws: FakeAws, cache: CatalogCache
) -> None:
    aws.functions = [make_function("old"), make_function("kept")]
    await make_catalog(aws, cache).refresh()
    asked = len(aws.requests())
    aws.functions = [make_function("kept", MemorySize=512)]
    catalog = make_catalog(aws, cache)
    catalog.load_cached()
    assert len(aws.requests()) == asked
    assert names(catalog) == ["old", "kept"]
    assert catalog.state.from_cache
    assert catalog.state.loaded_ms is not None
    assert catalog.state.loading
    await catalog.refresh()
    assert names(catalog) == ["kept"]
    assert catalog.state.functions[0].memory_mb == 512
    assert not catalog.state.from_cache


async def test_a_list_from_the_cache_says_so_until_aws_has_answered(
    aws: FakeAws, cache: CatalogCache, quick: Limits
) -> None:
    aws.functions = [make_function("hello")]
    await make_catalog(aws, cache).refresh()
    catalog = make_catalog(aws, cache, quick)
    catalog.load_cached()
    aws.always("ListFunctions", faults.expired())
    await catalog.refresh()
    assert names(catalog) == ["hello"]
    assert catalog.state.from_cache
    assert catalog.state.error is not None
    assert catalog.state.error.kind is ErrorKind.EXPIRED


async def test_nothing_was_kept_for_another_target(aws: FakeAws, cache: CatalogCache) -> None:
    aws.functions = [make_function("hello")]
    await make_catalog(aws, cache).refresh()
    other = Catalog(Gateway(Target("eu-central-1", endpoint_url=aws.url)), cache)
    other.load_cached()
    assert other.state == CatalogState(loading=True)


async def test_an_account_without_functions_is_not_an_error(aws: FakeAws, cache: CatalogCache) -> None:
    catalog = make_catalog(aws, cache)
    await catalog.refresh()
    assert catalog.state.functions == ()
    assert catalog.state.error is None
    assert catalog.state.loaded_ms is not None


async def test_a_cache_that_cannot_be_written_does_not_hide_the_list(aws: FakeAws, tmp_path: Path) -> None:
    aws.functions = [make_function("hello")]
    (tmp_path / "in the way").touch()
    catalog = make_catalog(aws, CatalogCache(tmp_path / "in the way"))
    catalog.load_cached()
    with pytest.raises(UserError) as caught:
        await catalog.refresh()
    assert caught.value.kind is ErrorKind.STORAGE
    assert names(catalog) == ["hello"]
    assert not catalog.state.loading
    assert catalog.state.error is None


async def test_a_refresh_that_is_cancelled_is_not_loading_any_more(aws: FakeAws, cache: CatalogCache) -> None:
    aws.functions = [make_function(f"f{number:03}") for number in range(60)]
    aws.script("ListFunctions", answered, faults.hang)
    catalog = make_catalog(aws, cache)
    async with asyncio.TaskGroup() as group:
        refresh = group.create_task(catalog.refresh())
        await in_thread(aws.wait_for_requests, "ListFunctions", 2)
        refresh.cancel()
    assert not catalog.state.loading
    assert len(catalog.state.functions) == 50
    assert catalog.state.loaded_ms is None
    await catalog.wait_for_an_answer()  # what is known can be read on with
    await catalog.refresh()
    assert len(catalog.state.functions) == 60
    assert catalog.state.error is None


async def test_what_aws_lists_no_more_is_gone_and_not_just_unknown(aws: FakeAws, cache: CatalogCache) -> None:
    aws.functions = [make_function("stays"), make_function("goes")]
    catalog = make_catalog(aws, cache)
    await catalog.refresh()
    assert catalog.state.gone == ()
    aws.functions = [make_function("stays")]
    await catalog.refresh()
    assert [function.name for function in catalog.state.gone] == ["goes"]
    assert catalog.get("goes") is None
    aws.functions = [make_function("stays"), make_function("goes")]  # made again
    await catalog.refresh()
    assert catalog.state.gone == ()
    assert catalog.get("goes")


async def test_only_a_whole_list_of_aws_is_settled(aws: FakeAws, cache: CatalogCache, quick: Limits) -> None:
    aws.functions = [make_function("hello")]
    catalog = make_catalog(aws, cache, quick)
    settled = [catalog.is_settled]
    catalog.changed.connect(lambda: settled.append(catalog.is_settled))
    await catalog.refresh()
    assert settled == [False, False, False, True]
    aws.script("ListFunctions", faults.expired())
    await catalog.refresh()
    assert not catalog.is_settled
    kept = make_catalog(aws, cache, quick)
    kept.load_cached()
    assert not kept.is_settled
