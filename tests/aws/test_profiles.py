from pathlib import Path

import pytest

from lambdadesk.aws.profiles import profile_region, profiles
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
