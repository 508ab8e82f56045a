"""What is entered for a connection: kept until saved, saved without what its kind does not use."""

from dataclasses import replace

import pytest

from lambdadesk.core.connections import AccessKey, ConnectionInfo, ConnectionKind
from lambdadesk.core.secret import Secret
from lambdadesk.desk.connection_draft import (
    Draft,
    Drafts,
    from_key,
    get_free_name,
    get_info_to_save,
    get_key_to_save,
    get_new_info,
    get_sign_of_production,
)
from lambdadesk.desk.connection_rules import FieldError

KEY = AccessKey("AKIAIOSFODNN7EXAMPLE", Secret("secret"), Secret("token"))
STORED = ConnectionInfo("one", "one", ConnectionKind.ACCESS_KEY, access_key_id="AKIA…MPLE")
LOCAL = "http://127.0.0.1:4566"


def draft_of(info: ConnectionInfo, secret: str = "", token: str = "") -> Draft:
    return Draft(info, Secret(secret), Secret(token))


@pytest.mark.parametrize("kind", [kind for kind in ConnectionKind if kind is not ConnectionKind.LOCAL])
def test_only_what_the_kind_uses_is_saved(kind: ConnectionKind) -> None:
    full = ConnectionInfo(
        "id", "name", kind, "#123456", ("eu-west-1",), access_key_id="AKIA", profile="p", endpoint_url=LOCAL,
        accepts_plain_http=True, ca_bundle="ca", source_id="s", role_arn="r", external_id="e", mfa_serial="m",
        session_name="n", duration_s=900, session_tags=(("k", "v"),), sso_start_url="u", sso_region="r",
        sso_session="w", sso_account_id="a", sso_role_name="o",
    )  # fmt: skip
    saved = get_info_to_save(Draft(full))
    kept = {name for name in full.__slots__ if getattr(saved, name) == getattr(full, name)}
    assert {"id", "name", "kind", "colour", "regions", "guard"} <= kept
    assert ("access_key_id" in kept) == (kind in (ConnectionKind.ACCESS_KEY, ConnectionKind.ENDPOINT))
    assert ("endpoint_url" in kept) == (kind in (ConnectionKind.PROFILE, ConnectionKind.ENDPOINT))
    assert ("profile" in kept) == (kind is ConnectionKind.PROFILE)
    assert ("role_arn" in kept) == ("duration_s" in kept) == (kind is ConnectionKind.ASSUME_ROLE)
    assert ("sso_account_id" in kept) == (kind is ConnectionKind.SSO)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (draft_of(replace(STORED, access_key_id="AKIANEW")), "secret"),
        (draft_of(STORED, token="t"), "secret"),
        (draft_of(STORED, secret="s"), "access_key_id"),  # only its shortened form is known
        (draft_of(replace(STORED, access_key_id=""), secret="s"), "access_key_id"),
        (draft_of(replace(STORED, kind=ConnectionKind.ENDPOINT, endpoint_url=LOCAL)), "secret"),
    ],
)
def test_a_stored_key_stays_only_as_it_is(draft: Draft, field: str) -> None:
    with pytest.raises(FieldError) as failure:
        get_key_to_save(draft, STORED)
    assert failure.value.field == field


def test_a_stored_key_stays_where_nothing_of_it_was_changed() -> None:
    assert get_key_to_save(draft_of(replace(STORED, name="two", endpoint_url="typed once")), STORED) is None


def test_a_key_that_was_entered_is_saved() -> None:
    info = replace(get_new_info(), access_key_id=KEY.access_key_id)
    assert get_key_to_save(draft_of(info, "secret", "token"), None) == KEY
    with pytest.raises(FieldError, match="secret access key is missing"):
        get_key_to_save(draft_of(info), None)


def test_an_imported_key_is_saved_unless_another_is_entered() -> None:
    draft = from_key(KEY, ["Key AKIA…MPLE"])
    assert draft.info.name == "Key AKIA…MPLE 2"
    assert KEY.access_key_id not in repr(draft.info)
    assert get_key_to_save(draft, None) == KEY
    other = replace(draft, info=replace(draft.info, access_key_id="AKIANEW"), secret=Secret("new"))
    assert get_key_to_save(other, None) == AccessKey("AKIANEW", Secret("new"))
    with pytest.raises(FieldError):
        get_key_to_save(replace(other, secret=Secret("")), None)


def test_kinds_without_a_key_have_none() -> None:
    info = replace(get_new_info(), kind=ConnectionKind.PROFILE, access_key_id="AKIA")
    assert get_key_to_save(draft_of(info, "typed before"), None) is None


def test_drafts_keep_what_is_other_than_what_is_stored() -> None:
    stored = {"one": STORED}
    drafts = Drafts(stored.get)
    assert drafts.get("one") == Draft(STORED)
    drafts.put(Draft(replace(STORED, name="uno")))
    assert drafts.is_changed("one")
    assert drafts.get("one").info.name == "uno"
    drafts.put(Draft(STORED))
    assert not drafts.has_changes()
    drafts.put(draft_of(STORED, secret="s"))  # a secret alone is a change, too
    assert drafts.has_changes()
    drafts.discard("one")
    new = drafts.begin()
    assert drafts.begin() is new  # one is enough
    assert not drafts.has_changes()
    drafts.put(replace(new, info=replace(new.info, name="x")))
    assert [draft.info.name for draft in drafts.get_new()] == ["x"]
    assert drafts.begin().info.id != new.info.id
    drafts.wipe()
    assert drafts.get_new() == []


def test_a_name_is_free_whatever_its_case() -> None:
    assert get_free_name("Work", ["WORK", "work 2"]) == "Work 3"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "prod-admin"},
        {"profile": "corp_production"},
        {"role_arn": "arn:aws:iam::123456789012:role/live-deploy"},
        {"sso_role_name": "PRD.Admin"},
        {"session_tags": (("stage", "prod"),)},
    ],
)
def test_production_shows_in_any_of_its_names(fields: dict[str, str]) -> None:
    assert get_sign_of_production(replace(STORED, **fields))


def test_not_everything_is_production() -> None:
    assert get_sign_of_production(replace(STORED, name="products", profile="delivery")) == ""
    assert get_sign_of_production(STORED, "shop-prod") == "shop-prod"
