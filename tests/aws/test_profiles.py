from pathlib import Path

import pytest

from lambdadesk.aws.profiles import (
    configured_endpoint,
    profile_region,
    profile_regions,
    profile_sso,
    profiles,
    sso_sessions,
)
from lambdadesk.aws.sso import SsoSession
from lambdadesk.core.errors import ErrorKind, UserError


def write_config(home: Path, text: str) -> None:
    (home / ".aws").mkdir()
    (home / ".aws/config").write_text(text)


def test_lists_the_names_of_both_files(tmp_path: Path) -> None:
    write_config(tmp_path, "[profile work]\nregion = eu-west-1\n[sso-session s]\n")
    (tmp_path / ".aws/credentials").write_text("[home]\naws_access_key_id = a\n")
    assert profiles() == ["home", "work"]


def test_no_files_are_no_profiles() -> None:
    assert profiles() == []


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    write_config(tmp_path, "[profile work\n")
    with pytest.raises(UserError) as caught:
        profiles()
    assert caught.value.kind is ErrorKind.INVALID


def test_reads_the_region_of_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(tmp_path, "[profile work]\nregion = eu-west-1\n[profile bare]\noutput = json\n")
    assert profile_region("work") == "eu-west-1"
    assert profile_region("bare") == ""
    assert profile_region("") == ""
    with pytest.raises(UserError, match="nobody"):
        profile_region("nobody")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    assert profile_region("") == "us-west-2"
    monkeypatch.setenv("AWS_REGION", "us-west-1")
    assert profile_region("") == profile_region("work") == "us-west-1"


def test_many_regions_are_what_each_profile_alone_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(tmp_path, "[profile work]\nregion = eu-west-1\n[profile bare]\noutput = json\n")
    (tmp_path / ".aws/credentials").write_text("[home]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_PROFILE", "gone")
    names = ["work", "bare", "home"]
    expected = {"work": "eu-west-1", "bare": "", "home": "eu-north-1"}
    assert profile_regions(names) == {name: profile_region(name) for name in names} == expected
    assert profile_regions(["nobody", "work"]) == {"nobody": "", "work": "eu-west-1"}
    for variable, region in (("AWS_DEFAULT_REGION", "us-west-2"), ("AWS_REGION", "us-west-1")):
        monkeypatch.setenv(variable, region)
        assert profile_regions(names) == {name: profile_region(name) for name in names}
        assert set(profile_regions(names).values()) == {region}


def test_five_hundred_profiles_and_names_in_any_script(tmp_path: Path) -> None:
    names = [f"konto-{n:03}" for n in range(498)] + ["töp säcret", "本番"]
    write_config(tmp_path, "".join(f"[profile '{name}']\nregion = eu-west-1\n" for name in names))
    assert profiles() == sorted(names)
    assert profile_region("本番") == "eu-west-1"


@pytest.mark.parametrize(
    "content",
    [
        b"[profile work\n",
        b"no section\n",
        b"[profile a]\nregion\n",
        b"\xff\xfe[\x00p\x00r\x00",
        b"[profile a]\nx = \xe4\n",
        b"[profile 'a]\nx = 1\n[profile b",
        b"\x00\x00",
    ],
)
def test_a_malformed_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_bytes(content)
    for read in (
        profiles,
        lambda: profile_region("a"),
        lambda: profile_regions(["a"]),
        lambda: configured_endpoint("a"),
    ):
        with pytest.raises(UserError) as caught:
            read()
        assert caught.value.kind is ErrorKind.INVALID
        assert caught.value.message == "The AWS configuration files can't be used."
        assert str(tmp_path / ".aws/config") in caught.value.hint  # what to mend


ENDPOINTS = """
[default]
region = eu-west-1
[profile all]
endpoint_url = https://all.example
[profile lambda]
endpoint_url = https://all.example
services = mine
[profile other]
services = theirs
[profile gone]
services = nobody
[services mine]
lambda =
  endpoint_url = https://lambda.example
[services theirs]
s3 =
  endpoint_url = https://s3.example
"""


def test_shows_the_endpoint_that_a_profile_or_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_config(tmp_path, ENDPOINTS)
    found = {name: configured_endpoint(name) for name in ("", "all", "lambda", "other", "gone")}
    assert found == {
        "": "",
        "all": "https://all.example",
        "lambda": "https://lambda.example",
        "other": "",
        "gone": "",
    }
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert configured_endpoint("lambda") == "http://127.0.0.1:1"
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:2")
    assert configured_endpoint("lambda") == "http://127.0.0.1:2"


START = "https://example.awsapps.com/start"
SIGN_INS = f"""
[profile new]
sso_session = work
sso_account_id = 123456789012
sso_role_name = reader
[profile legacy]
sso_start_url = {START}
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = reader
[profile on-top]
role_arn = arn:aws:iam::123456789012:role/r
source_profile = new
[profile keys]
aws_access_key_id = a
aws_secret_access_key = s
[profile loop]
source_profile = loop
[sso-session work]
sso_start_url = {START}
sso_region = us-east-1
sso_registration_scopes = sso:account:access, other
"""


def test_says_where_to_sign_in_for_a_profile(tmp_path: Path) -> None:
    write_config(tmp_path, SIGN_INS)
    session = SsoSession(START, "us-east-1", "work", ("sso:account:access", "other"))
    assert profile_sso("new") == session
    assert profile_sso("on-top") == session
    assert profile_sso("legacy") == SsoSession(START, "eu-west-1")
    assert profile_sso("keys") is None
    assert profile_sso("loop") is None


def test_lists_the_sso_sessions(tmp_path: Path) -> None:
    assert sso_sessions() == []
    write_config(tmp_path, SIGN_INS + "[sso-session another]\nsso_region = us-east-1\n")
    assert [session.name for session in sso_sessions()] == ["another", "work"]
    assert sso_sessions()[1] == SsoSession(START, "us-east-1", "work", ("sso:account:access", "other"))
