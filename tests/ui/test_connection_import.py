"""Keys that lie in the open are taken over unseen, and the places they lay in are named."""

from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit

from tests.keyring_session import KeyringSession
from tests.ui.connections_rig import KEY_ID, MASKED_ID, Rig
from tests.ui.desk import until, visible_words
from tests.ui.test_connection_secrets import SECRET

LINES = f"export AWS_ACCESS_KEY_ID={KEY_ID}\nexport AWS_SECRET_ACCESS_KEY={SECRET}\n"


def choose(rig: Rig, name: str) -> None:
    """Choose an entry of the Import menu."""
    menu = rig.get("importKey").menu()
    (action,) = [each for each in menu.actions() if each.objectName() == name]
    assert isinstance(action, QAction)
    action.trigger()


def write_credentials(tmp_path: Path) -> Path:
    path = tmp_path / ".aws" / "credentials"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"# mine\n[prod]\naws_access_key_id = {KEY_ID}\n"
        f"aws_secret_access_key = {SECRET}\nregion = eu-west-1\n"
    )
    return path


async def test_pasted_lines_become_a_connection_and_the_clipboard_can_be_cleared(
    qapp: QApplication, home: Path
) -> None:
    clipboard = QApplication.clipboard()
    clipboard.setText(LINES)
    async with Rig(qapp, home) as rig:
        choose(rig, "importClipboard")
        assert rig.get("accessKeyId").text() == MASKED_ID
        assert rig.get("connectionKind").currentText() == "Access key"
        words = visible_words(rig.dialog) + "".join(
            edit.text() for edit in rig.dialog.findChildren(QLineEdit)
        )
        assert SECRET not in words
        assert KEY_ID not in words
        rig.click("clearClipboard")
        assert clipboard.text() == ""
        assert (await rig.save()).startswith("Saved.")
        info = rig.info(f"Key {MASKED_ID}")
        key = await rig.connections.secrets.load(info.id)
        assert key is not None
        assert (key.access_key_id, key.secret_access_key.reveal()) == (KEY_ID, SECRET)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The clipboard holds no access key."),
        ("hello", "The clipboard holds no access key."),
        (f"export AWS_ACCESS_KEY_ID={KEY_ID}", "AWS_SECRET_ACCESS_KEY is missing"),
        ("x" * 200_000, "The clipboard holds no access key."),
    ],
)
async def test_a_clipboard_without_a_key_is_told(
    qapp: QApplication, home: Path, text: str, said: str
) -> None:
    QApplication.clipboard().setText(text)
    async with Rig(qapp, home) as rig:
        choose(rig, "importClipboard")
        assert said in visible_words(rig.get("connectionNotices"))
        assert rig.names() == ["New connection", "Local AWS"]
    QApplication.clipboard().clear()


async def test_a_csv_file_gives_a_connection_for_each_key(
    qapp: QApplication, home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "keys.csv"
    path.write_text(f"Access key ID,Secret access key\n{KEY_ID},{SECRET}\nAKIAIOSFODNN7OTHEROO,second\n")
    async with Rig(qapp, home) as rig:
        choose(rig, "importCsv")
        (dialog,) = rig.dialog.findChildren(QFileDialog)
        await until(dialog.isVisible)
        dialog.selectFile(str(path))
        dialog.accept()
        await until(lambda: len(rig.names()) == 4)
        assert rig.names() == ["New connection", f"Key {MASKED_ID}*", "Key AKIA…EROO*", "Local AWS"]
        words = visible_words(rig.dialog)
        assert "keys.csv still holds the secret in plain text." in words
        assert SECRET not in words


async def test_a_file_that_is_no_csv_is_one_sentence(qapp: QApplication, home: Path, tmp_path: Path) -> None:
    (tmp_path / "keys.csv").write_bytes(b"\xff\xfe\0binary")
    async with Rig(qapp, home) as rig:
        choose(rig, "importCsv")
        (dialog,) = rig.dialog.findChildren(QFileDialog)
        dialog.fileSelected.emit(str(tmp_path / "keys.csv"))
        dialog.reject()
        await until(lambda: "not a CSV file of access keys" in visible_words(rig.get("connectionNotices")))


async def test_a_profiles_key_goes_to_the_keyring_and_out_of_the_file(
    qapp: QApplication, home: Path, tmp_path: Path, keyring: KeyringSession
) -> None:
    path = write_credentials(tmp_path)
    before = path.read_bytes()
    async with Rig(qapp, home) as rig:
        choose(rig, "importProfile")
        await until(
            lambda: (
                rig.text("askQuestion") == "Take over the access key of a profile:"
                if rig.get("askBar").isVisible()
                else False
            )
        )
        assert rig.get("importProfileBox").currentText() == "prod"
        rig.click("importProfileKey")
        await until(lambda: rig.names()[-2:] == ["prod*", "Local AWS"])
        assert path.read_bytes() == before
        assert "is kept in GNOME Keyring" in await rig.save()
        assert rig.text("askQuestion") == f"The key of profile prod still lies in plain text in {path}."
        rig.click("removeFromFile")
        await rig.idle("import")
        assert path.read_text() == "# mine\n[prod]\nregion = eu-west-1\n"
        (backup,) = path.parent.glob("credentials.backup-*")
        assert backup.read_bytes() == before
        assert str(backup) in visible_words(rig.get("connectionNotices"))


async def test_a_key_that_is_in_memory_only_stays_in_its_file(
    qapp: QApplication, home: Path, tmp_path: Path
) -> None:
    path = write_credentials(tmp_path)
    async with Rig(qapp, home) as rig:
        choose(rig, "importProfile")
        await until(lambda: rig.get("askBar").isVisible())
        rig.click("importProfileKey")
        await until(lambda: "prod*" in rig.names())
        assert "kept in memory only" in await rig.save()
        assert not rig.get("askBar").isVisible()
        assert SECRET in path.read_text()


async def test_without_a_plain_text_profile_there_is_nothing_to_import(
    qapp: QApplication, home: Path
) -> None:
    async with Rig(qapp, home) as rig:
        choose(rig, "importProfile")
        await rig.idle("import")
        assert "No profile holds an access key in plain text." in visible_words(rig.get("connectionNotices"))
