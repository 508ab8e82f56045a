"""What looks like production is found, and an access key id is shown masked."""

import pytest

from lambdadesk.core.connections import looks_like_production, mask_key_id


@pytest.mark.parametrize(
    "texts",
    [("prod",), ("PROD",), ("my-prod-account",), ("shop_production",), ("eu.prd.1",), ("prod1",), ("Live",),
     ("shop", "acme-prod"), ("Umgebung: Production",)],
)  # fmt: skip
def test_production(texts: tuple[str, ...]) -> None:
    assert looks_like_production(*texts)


@pytest.mark.parametrize(
    "texts",
    [
        (),
        ("",),
        ("product-team",),
        ("reproduce",),
        ("delivery",),
        ("olive",),
        ("dev", "staging"),
        ("prodigy",),
    ],
)
def test_not_production(texts: tuple[str, ...]) -> None:
    assert not looks_like_production(*texts)


@pytest.mark.parametrize(
    ("access_key_id", "shown"),
    [("AKIAIOSFODNN7EXAMPLE", "AKIA…MPLE"), ("AKIA…MPLE", "AKIA…MPLE"), ("test", "test"), ("", "")],
)
def test_a_masked_key_id_stays_masked(access_key_id: str, shown: str) -> None:
    assert mask_key_id(access_key_id) == shown
