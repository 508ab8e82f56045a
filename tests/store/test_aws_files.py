"""Keys are taken over from every form AWS gives them in, and taken out of a file without a scratch."""

import configparser
import os
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdadesk.core.connections import AccessKey
from lambdadesk.core.errors import ErrorKind, UserError
from lambdadesk.core.secret import Secret
from lambdadesk.store.aws_files import (
    KEY_OPTIONS,
    files_to_watch,
    parse_credentials_csv,
    parse_export_lines,
    plain_text_profiles,
    read_profile_key,
    remove_key_from_profile,
)

ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY="
TOKEN = "FwoGZXIvYXdz//////////wEa+token=="
KEY = AccessKey(ID, Secret(SECRET))
SESSION = AccessKey(ID, Secret(SECRET), Secret(TOKEN))


@pytest.mark.parametrize(
    "text",
    [
        f"Access key ID,Secret access key\r\n{ID},{SECRET}\r\n",
        f"\ufeffAccess key ID,Secret access key\n{ID},{SECRET}",
        f"User name,Password,Access key ID,Secret access key,Console login link\nme,,{ID},{SECRET},https://x\n",
        f'"User Name","Access Key Id","Secret Access Key"\n"me, too","{ID}","{SECRET}"\n\n',
        f"AWSAccessKeyId={ID}\r\nAWSSecretKey={SECRET}\r\n",
        f"Access key ID;Secret access key\n{ID};{SECRET}\n",
        f"\n Access key ID \t Secret access key \n {ID} \t {SECRET} \n",
        f"User name,Access key ID,Secret access key\nno key,,\nme,{ID},{SECRET}\n",
    ],
)
def test_every_csv_the_console_gives_is_read(text: str) -> None:
    assert parse_credentials_csv(text) == [KEY]


def test_a_csv_of_several_users_and_with_a_token() -> None:
    text = f"Access key ID,Secret access key,Session token\n{ID},{SECRET},{TOKEN}\nAKIAOTHER,other,\n"
    assert parse_credentials_csv(text) == [SESSION, AccessKey("AKIAOTHER", Secret("other"))]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no columns"),
        ("\x00\x01\x02", "no columns"),
        ("User Name,Password\nme,canary", "no columns"),
        (f"{ID},canary", "no columns"),
        ("Access key ID,Secret access key\n", "holds no access key"),
        (f"Access key ID,Secret access key\n{ID}\n", "Row 1 of the CSV file has only half"),
        ("Access key ID,Secret access key\n,canary\n", "Row 1 of the CSV file has only half"),
        ("Access key ID,Secret access key\n" + "canary" * 30_000, "not a CSV file"),
    ],
)
def test_a_csv_that_is_none_is_one_sentence_without_its_content(text: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as failure:
        parse_credentials_csv(text)
    assert failure.value.kind is ErrorKind.INVALID
    assert "canary" not in str(failure.value) + failure.value.details


@pytest.mark.parametrize(
    "text",
    [
        f'export AWS_ACCESS_KEY_ID="{ID}"\nexport AWS_SECRET_ACCESS_KEY="{SECRET}"\n'
        f'export AWS_SESSION_TOKEN="{TOKEN}"\n',
        f"SET AWS_ACCESS_KEY_ID={ID}\r\nSET AWS_SECRET_ACCESS_KEY={SECRET}\r\n"
        f"SET AWS_SESSION_TOKEN={TOKEN}\r\n",
        f'set "AWS_ACCESS_KEY_ID={ID}"\nset "AWS_SECRET_ACCESS_KEY={SECRET}"\n'
        f'set "AWS_SESSION_TOKEN={TOKEN}"',
        f"$Env:AWS_ACCESS_KEY_ID=\"{ID}\"\n$env:AWS_SECRET_ACCESS_KEY = '{SECRET}'\n"
        f'$Env:AWS_SESSION_TOKEN="{TOKEN}"',
        f"set -gx AWS_ACCESS_KEY_ID {ID}\nset -gx AWS_SECRET_ACCESS_KEY '{SECRET}'\n"
        f"set -gx AWS_SESSION_TOKEN {TOKEN}",
        f"setx AWS_ACCESS_KEY_ID {ID}\nsetx AWS_SECRET_ACCESS_KEY {SECRET}\nsetx AWS_SESSION_TOKEN {TOKEN}",
        f"AWS_ACCESS_KEY_ID={ID} AWS_SECRET_ACCESS_KEY={SECRET} AWS_SESSION_TOKEN={TOKEN} aws s3 ls",
        f"export AWS_ACCESS_KEY_ID={ID} && export AWS_SECRET_ACCESS_KEY={SECRET};AWS_SECURITY_TOKEN={TOKEN}",
        f"[123456789012_Reader]\naws_access_key_id = {ID}\naws_secret_access_key={SECRET}\n"
        f"aws_session_token: {TOKEN}",
        f'{{"aws_access_key_id": "{ID}", "aws_secret_access_key": "{SECRET}",\n'
        f'"aws_session_token": "{TOKEN}"}}',
        f"# export AWS_ACCESS_KEY_ID=old\nrem set AWS_SESSION_TOKEN=old\n:: AWS_SESSION_TOKEN=old\n"
        f"AWS_ACCESS_KEY_ID=older\nAWS_ACCESS_KEY_ID={ID} # AWS_ACCESS_KEY_ID=old\n"
        f"AWS_SECRET_ACCESS_KEY={SECRET}\nAWS_SESSION_TOKEN={TOKEN}\n"
        f"export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN\n",
    ],
)
def test_every_shell_is_read(text: str) -> None:
    assert parse_export_lines(text) == SESSION


@pytest.mark.parametrize(
    "text", ["", "hello", "export AWS_REGION=eu-west-1", "# AWS_ACCESS_KEY_ID=x", "MY_AWS_ACCESS_KEY_ID=x",
             "AWS_ACCESS_KEY_ID=", "echo $AWS_ACCESS_KEY_ID %AWS_SECRET_ACCESS_KEY%"]
)  # fmt: skip
def test_lines_without_a_key_are_none(text: str) -> None:
    assert parse_export_lines(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("export AWS_SECRET_ACCESS_KEY=canary", "AWS_ACCESS_KEY_ID is missing"),
        (f"export AWS_ACCESS_KEY_ID={ID}", "AWS_SECRET_ACCESS_KEY is missing"),
        (
            f"AWS_ACCESS_KEY_ID={ID} AWS_SECRET_ACCESS_KEY=$canary",
            "AWS_SECRET_ACCESS_KEY holds a placeholder",
        ),
        (
            f"AWS_ACCESS_KEY_ID={ID} AWS_SECRET_ACCESS_KEY=<canary>",
            "AWS_SECRET_ACCESS_KEY holds a placeholder",
        ),
        ("AWS_ACCESS_KEY_ID=AKIA…MPLE AWS_SECRET_ACCESS_KEY=canary", "AWS_ACCESS_KEY_ID holds a placeholder"),
    ],
)
def test_half_a_key_is_one_sentence_without_its_content(text: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as failure:
        parse_export_lines(text)
    assert "canary" not in str(failure.value) + failure.value.details


CREDENTIALS = f"""# the keys of the team
[default]
aws_access_key_id = {ID}
; which was made by hand
aws_secret_access_key = {SECRET}
region = eu-central-1

[ключ]
\tAWS_ACCESS_KEY_ID: {ID}
\tregion=eu-west-1
\tAws_Secret_Access_Key:
\t\t{SECRET}
\taws_session_token   =   {TOKEN}   \r
[live]
credential_process = /bin/helper
[half]
aws_access_key_id = {ID}
[role]
role_arn = arn:aws:iam::123456789012:role/reader
source_profile = default""".encode()

WITHOUT_UNICODE_PROFILE = f"""# the keys of the team
[default]
aws_access_key_id = {ID}
; which was made by hand
aws_secret_access_key = {SECRET}
region = eu-central-1

[ключ]
\tregion=eu-west-1
[live]
credential_process = /bin/helper
[half]
aws_access_key_id = {ID}
[role]
role_arn = arn:aws:iam::123456789012:role/reader
source_profile = default""".encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "credentials"
    path.write_bytes(CREDENTIALS)
    return path


def test_only_whole_keys_in_plain_text_are_offered(path: Path) -> None:
    assert plain_text_profiles(path) == ["default", "ключ"]
    assert read_profile_key(path, "default") == KEY
    assert read_profile_key(path, "ключ").session_token.reveal() == TOKEN
    assert plain_text_profiles(path.with_name("absent")) == []
    for name in ("half", "live", "absent"):
        with pytest.raises(UserError, match=f"holds no access key for profile {name}") as failure:
            read_profile_key(path, name)
        assert failure.value.kind is ErrorKind.NOT_FOUND


def test_a_key_is_taken_out_and_all_else_stays_byte_for_byte(path: Path) -> None:
    path.chmod(0o644)
    backup = remove_key_from_profile(path, "ключ")
    assert path.read_bytes() == WITHOUT_UNICODE_PROFILE
    assert backup.read_bytes() == CREDENTIALS
    assert backup.parent == path.parent
    assert {file.stat().st_mode & 0o777 for file in (path, backup)} == {0o600}
    assert plain_text_profiles(path) == ["default"]
    second = remove_key_from_profile(path, "default")
    assert second != backup
    assert b"; which was made by hand\nregion" in path.read_bytes()
    assert plain_text_profiles(path) == []
    assert len(list(path.parent.iterdir())) == 3


def test_a_config_file_names_its_profiles_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "config"
    key = f"aws_access_key_id={ID}\r\naws_secret_access_key={SECRET}\r\n"
    text = f'\ufeff[default]\r\n{key}[profile "two words"]\r\n{key}s3 =\r\n  addressing_style = path\r\n'
    path.write_bytes(text.encode())
    assert plain_text_profiles(path) == ["default", "two words"]
    assert read_profile_key(path, "two words") == KEY
    remove_key_from_profile(path, "two words")
    kept = f'\ufeff[default]\r\n{key}[profile "two words"]\r\ns3 =\r\n  addressing_style = path\r\n'
    assert path.read_bytes() == kept.encode()


def test_a_symbolic_link_stays_one(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    remove_key_from_profile(link, "default")
    assert link.is_symlink()
    assert plain_text_profiles(path) == ["ключ"]


def test_what_can_not_be_taken_out_cleanly_stays(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    content = f"[DEFAULT]\naws_access_key_id = {ID}\naws_secret_access_key = {SECRET}\n[a]\nregion = x\n"
    path.write_text(content)
    assert plain_text_profiles(path) == ["a"]  # it inherits the keys, as every other profile would
    with pytest.raises(UserError, match="can't be taken out") as failure:
        remove_key_from_profile(path, "a")
    assert str(path) in failure.value.hint
    assert path.read_text() == content
    assert list(tmp_path.iterdir()) == [path]


lines = st.one_of(
    st.sampled_from([f"{name} = x" for name in KEY_OPTIONS] + [f"  {name}:y" for name in KEY_OPTIONS]),
    st.sampled_from(
        ["region = x", "  deeper", "\tdeeper = still", "# comment", "  ; comment", "", "  ", "s3 ="]
    ),
    st.text(string.ascii_letters + " =:#;[]\t\r\u2028\x0c", max_size=12),
)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "profile c"]), st.lists(lines, max_size=8)), max_size=4))
def test_any_file_loses_its_key_alone_or_stays(
    tmp_path_factory: pytest.TempPathFactory, sections: list[tuple[str, list[str]]]
) -> None:
    path = tmp_path_factory.mktemp("files") / "credentials"
    text = "".join(f"[{name}]\n" + "".join(f"{line}\n" for line in body) for name, body in sections)
    path.write_bytes(text.encode())
    try:
        profiles = plain_text_profiles(path)
    except UserError:
        return
    for name in profiles:
        before = _parsed(path)
        content = path.read_bytes()
        try:
            backup = remove_key_from_profile(path, name)
        except UserError:
            assert path.read_bytes() == content
            continue
        assert backup.read_bytes() == content
        section = name if name in before else f"profile {name}"
        before[section] = {key: value for key, value in before[section].items() if key not in KEY_OPTIONS}
        assert _parsed(path) == before


def _parsed(path: Path) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser()
    parser.read_string(path.read_bytes().decode())
    return {section: dict(parser[section]) for section in parser.sections()}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"aws_secret_access_key = canary\n", "line 1 stands before the first"),
        (b"[a]\n[b]\n[a]\nx = canary\n", "line 3 starts a section a second time"),
        (b"[a]\nx = canary\nx = canary\n", "line 3 sets an option a second time"),
        (b"[a]\ncanary\nb = 1\ncanary\n", "no option can be read in line 2, 4"),
        (b"[a]\nx = canary\xff\n", "not UTF-8"),
    ],
)
def test_a_malformed_file_is_one_sentence_without_its_content(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "credentials"
    path.write_bytes(content)
    for call in (
        lambda: plain_text_profiles(path),
        lambda: read_profile_key(path, "a"),
        lambda: remove_key_from_profile(path, "a"),
    ):
        with pytest.raises(UserError, match=reason) as failure:
            call()
        assert "canary" not in str(failure.value) + failure.value.details
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_can_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"can't be read \(Is a directory\)"):
        plain_text_profiles(tmp_path)
    with pytest.raises(UserError, match=r"can't be read \(No such file or directory\)"):
        remove_key_from_profile(tmp_path / "absent", "a")


def test_the_watched_files_are_those_of_the_aws_tools(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = Path(os.environ["HOME"])
    assert files_to_watch() == (home / ".aws" / "config", home / ".aws" / "credentials")
    monkeypatch.setenv("AWS_CONFIG_FILE", "~/elsewhere")
    monkeypatch.setenv("FOLDER", str(tmp_path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "$FOLDER/keys")
    assert files_to_watch() == (home / "elsewhere", tmp_path / "keys")
