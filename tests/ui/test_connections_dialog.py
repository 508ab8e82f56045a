"""The Connections dialog: what is entered is kept, checked, tried out and saved, and nothing is lost."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QColorDialog,
    QLabel,  # noqa: TID251  to look for, not to show
    QPushButton,
    QWidget,
)

from lambdadesk.aws.triggers.table import ACTIONS, DEEP_ACTIONS
from lambdadesk.core.connections import ConnectionInfo, ConnectionKind, Guard
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, Request
from tests.servers.faults import Reply
from tests.ui.connections_rig import KEY_ID, MASKED_ID, Rig, profile_info
from tests.ui.desk import click, move, press, rows, turns, until, visible_words
from tests.ui.test_accessibility import nameless

ALT = Qt.KeyboardModifier.AltModifier


def endpoint(aws: FakeAws, **fields: object) -> ConnectionInfo:
    values = {"regions": ("us-east-1",), "endpoint_url": aws.url} | fields
    return ConnectionInfo("moto", "moto", ConnectionKind.ENDPOINT, **values)  # type: ignore[arg-type]


async def test_it_begins_with_a_new_connection_and_the_local_aws(qapp: QApplication, home: Path) -> None:
    async with Rig(qapp, home, profile_info("one")) as rig:
        assert rig.names() == ["one", "New connection", "Local AWS"]
        assert not rig.dialog.isModal()
        assert rig.dialog.focusWidget() is rig.get("connectionName")
        kinds = rig.get("connectionKind")
        assert [kinds.itemText(number) for number in range(kinds.count())] == [
            "Access key",
            "AWS profile",
            "IAM Identity Center",
            "Assume role",
            "Endpoint",
        ]
        rig.pick("Local AWS")
        assert "Start it from the Local menu" in visible_words(rig.dialog)
        assert not rig.get("deleteConnection").isEnabled()


async def test_an_endpoint_is_entered_tried_out_saved_and_opened(
    qapp: QApplication, home: Path, aws: FakeAws
) -> None:
    aws.add_events("/aws/lambda/hello", "a line\n")
    async with Rig(qapp, home) as rig:
        rig.type("connectionName", "moto")
        await rig.choose("connectionKind", "Endpoint")
        rig.type("connectionEndpoint", aws.url)
        rig.type("connectionRegions", "us-east-1, eu-west-1")
        assert rig.names() == ["moto*", "Local AWS"]
        assert await rig.test() == "✔ Account 000000000000 · root · does not expire"
        assert rig.connections.get_all() == ()  # it was only tried out
        rig.click("connectionSaveOpen")
        await until(lambda: not rig.is_open)
        info = rig.info("moto")
        assert (info.kind, info.endpoint_url) == (ConnectionKind.ENDPOINT, aws.url)
        assert info.regions == ("us-east-1", "eu-west-1")
        assert rig.opened == [info.id]
        assert {request.access_key for request in aws.requests()} == {"test"}


async def test_a_denied_call_names_the_pages_that_miss_it_and_the_policy(
    qapp: QApplication, home: Path, aws: FakeAws
) -> None:
    aws.always("FilterLogEvents", faults.denied("logs:FilterLogEvents"))
    async with Rig(qapp, home, endpoint(aws)) as rig:
        rig.pick("moto")
        await rig.test()
        found = rows(rig.get("connectionTestResult"))
        assert found[0] == ["logs:FilterLogEvents", "denied", "Logs, Charts, Timeline, Cost"]
        assert ["lambda:ListFunctions", "allowed", ""] in found
        assert rig.text("trialSummary").startswith("1 of ")
        rig.click("copyPolicy")
        policy = json.loads(QApplication.clipboard().text())
        actions = [action for statement in policy["Statement"] for action in statement["Action"]]
        assert "logs:FilterLogEvents" in actions
        assert {*ACTIONS} <= {*actions}
        assert "bedrock:ListFlows" in DEEP_ACTIONS
        assert "bedrock:ListFlows" not in actions
        rig.click("policyTriggers")
        rig.click("copyPolicy")
        assert "s3:GetBucketNotification" not in QApplication.clipboard().text()
        rig.click("policyDeepTriggers")
        assert rig.get("policyTriggers").isChecked()
        rig.click("copyPolicy")
        policy = json.loads(QApplication.clipboard().text())
        actions = [action for statement in policy["Statement"] for action in statement["Action"]]
        assert {*ACTIONS, *DEEP_ACTIONS} <= {*actions}
        QApplication.clipboard().clear()


async def test_a_failed_test_is_one_sentence(qapp: QApplication, home: Path, aws: FakeAws) -> None:
    aws.always("ListFunctions", faults.expired())
    async with Rig(qapp, home, endpoint(aws)) as rig:
        rig.pick("moto")
        said = await rig.test()
        assert said.startswith("✖ ")
        assert "expired" in said
        assert not rig.get("connectionTestResult").isVisible()


async def test_a_test_can_be_stopped_and_goes_with_the_dialog(
    qapp: QApplication, home: Path, aws: FakeAws
) -> None:
    aws.always("GetCallerIdentity", faults.hang)
    async with Rig(qapp, home, endpoint(aws)) as rig:
        rig.pick("moto")
        rig.click("connectionTest")
        await until(lambda: aws.requests("GetCallerIdentity"))
        assert rig.text("connectionProgress") == "Testing…"
        rig.click("connectionStop")
        await rig.idle("test")
        assert rig.text("connectionProgress") == ""
        assert not rig.get("connectionStop").isVisible()
        rig.click("connectionTest")  # still running when the dialog is closed
        await until(lambda: len(aws.requests("GetCallerIdentity")) == 2)


@pytest.mark.parametrize(
    ("kind", "fields", "said", "focused"),
    [
        ("Access key", {"connectionName": ""}, "The connection has no name.", "connectionName"),
        ("Access key", {"connectionName": "ONE"}, "Another connection is called ONE.", "connectionName"),
        ("Access key", {}, "The access key id is missing.", "accessKeyId"),
        ("Access key", {"accessKeyId": KEY_ID}, "The secret access key is missing.", "secretAccessKey"),
        ("Access key", {"secretAccessKey": "s"}, "The access key id is missing.", "accessKeyId"),
        ("Access key", {"connectionRegions": "x.example/"}, "is not an AWS region", "connectionRegions"),
        ("Endpoint", {}, "The endpoint has no address.", "connectionEndpoint"),
        ("Endpoint", {"connectionEndpoint": "ftp://x"}, "not a valid http", "connectionEndpoint"),
        ("Endpoint", {"connectionEndpoint": "http://10.0.0.1"}, "unencrypted http", "connectionEndpoint"),
        ("Assume role", {}, "No connection is chosen", "sourceConnection"),
        ("IAM Identity Center", {}, "not a valid https address", "ssoStartUrl"),
        (
            "IAM Identity Center",
            {"ssoStartUrl": "https://example.awsapps.com/start"},
            "is not an AWS region",
            "ssoRegion",
        ),
    ],
)
async def test_what_is_wrong_is_said_in_place(
    qapp: QApplication, home: Path, kind: str, fields: dict[str, str], said: str, focused: str
) -> None:
    async with Rig(qapp, home, profile_info("one")) as rig:
        rig.type("connectionName", "two")
        await rig.choose("connectionKind", kind)
        for name, text in fields.items():
            rig.type(name, text)
        assert said in await rig.save()
        assert rig.dialog.focusWidget() is rig.get(focused)
        assert len(rig.connections.get_all()) == 1
        rig.type(focused if focused != "sourceConnection" else "roleArn", "x")
        assert rig.text("connectionProblem") == ""


async def test_plain_http_beyond_this_machine_has_to_be_accepted(qapp: QApplication, home: Path) -> None:
    async with Rig(qapp, home) as rig:
        rig.type("connectionName", "far")
        await rig.choose("connectionKind", "Endpoint")
        rig.type("connectionEndpoint", "http://127.0.0.1:4566")
        assert not rig.get("acceptPlainHttp").isVisible()
        rig.type("connectionEndpoint", "http://10.0.0.1:4566")
        await turns(2)
        rig.get("acceptPlainHttp").setFocus()
        press(rig.get("acceptPlainHttp"), Qt.Key.Key_Space)
        assert await rig.save() == "Saved."
        assert rig.info("far").accepts_plain_http
        rig.type("connectionEndpoint", "https://10.0.0.1:4566")
        assert await rig.save() == "Saved."
        assert not rig.info("far").accepts_plain_http


async def test_what_was_typed_for_one_stays_while_another_is_looked_at(
    qapp: QApplication, home: Path
) -> None:
    async with Rig(qapp, home, profile_info("one"), profile_info("two")) as rig:
        await rig.fill_key("third", secret="typed-before")
        rig.pick("one")
        assert rig.get("secretAccessKey").text() == ""
        rig.type("connectionName", "uno")
        assert rig.names() == ["uno*", "two", "third*", "Local AWS"]
        rig.pick("two")
        assert rig.get("connectionName").text() == "two"
        rig.pick("third")
        assert rig.get("accessKeyId").text() == KEY_ID
        assert rig.get("secretAccessKey").text() == "typed-before"
        rig.pick("uno")
        assert rig.get("connectionName").text() == "uno"
        rig.type("connectionName", "one")  # as it was
        assert rig.names() == ["one", "two", "third*", "Local AWS"]


async def test_another_kind_loses_nothing_but_saves_only_its_own(qapp: QApplication, home: Path) -> None:
    async with Rig(qapp, home) as rig:
        await rig.fill_key("one")
        await rig.choose("connectionKind", "AWS profile")
        rig.type("connectionProfile", "work")
        assert await rig.save() == "Saved."
        info = rig.info("one")
        assert (info.kind, info.profile, info.access_key_id) == (ConnectionKind.PROFILE, "work", "")


async def test_esc_asks_before_anything_is_lost(qapp: QApplication, home: Path) -> None:
    async with Rig(qapp, home, profile_info("one")) as rig:
        rig.pick("one")
        rig.type("connectionName", "uno")
        press(rig.get("connectionName"), Qt.Key.Key_Escape)
        assert rig.text("askQuestion") == "Some changes are not saved."
        press(rig.dialog.focusWidget(), Qt.Key.Key_Escape)  # keep editing
        assert not rig.get("askBar").isVisible()
        assert rig.is_open
        assert rig.dialog.focusWidget() is rig.get("connectionName")
        rig.dialog.close()  # the window's own cross
        rig.click("discardChanges")
        assert not rig.is_open
        assert rig.info("one")


async def test_esc_closes_where_nothing_would_be_lost(qapp: QApplication, home: Path) -> None:
    async with Rig(qapp, home, profile_info("one")) as rig:
        press(rig.get("connectionName"), Qt.Key.Key_Escape)
        assert not rig.is_open


async def test_enter_in_a_field_does_nothing(qapp: QApplication, home: Path) -> None:
    async with Rig(qapp, home, profile_info("one")) as rig:
        rig.pick("one")
        for name in ("connectionName", "connectionRegions", "connectionProfile", "connectionGuard"):
            rig.get(name).setFocus()
            press(rig.get(name), Qt.Key.Key_Return)
        rig.type("connectionName", "uno")
        press(rig.get("connectionName"), Qt.Key.Key_Return)
        assert not any(rig.dialog.scope.is_running(name) for name in ("save", "test", "delete", "duplicate"))
        assert not rig.get("askBar").isVisible()
        assert rig.names() == ["uno*", "New connection", "Local AWS"]
        rig.get("connectionSave").setFocus()
        press(rig.get("connectionSave"), Qt.Key.Key_Return)  # a focused button is another matter
        await rig.idle("save")
        assert rig.info("uno")


async def test_connections_are_put_in_order_by_keys_and_by_dragging(qapp: QApplication, home: Path) -> None:
    stored = [profile_info(name) for name in ("one", "two", "three")]
    async with Rig(qapp, home, *stored) as rig:
        view = rig.get("connectionList")
        rig.pick("one")
        press(view, Qt.Key.Key_Down, ALT)
        await until(lambda: [info.name for info in rig.connections.get_all()] == ["two", "one", "three"])
        await rig.idle("move one")
        where = [view.visualRect(view.model().index(row, 0)).center() for row in range(4)]
        button, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        QTest.mousePress(view.viewport(), button, none, where[2])
        for place in (where[2] - QPoint(0, 15), where[1], where[0]):
            move(view.viewport(), place, button)
        QTest.mouseRelease(view.viewport(), button, none, where[0])
        await until(lambda: [info.name for info in rig.connections.get_all()] == ["three", "two", "one"])
        await rig.idle("move three")
        assert rig.names() == ["three", "two", "one", "New connection", "Local AWS"]
        assert json.loads(rig.paths.connections_file.read_text())["connections"][0]["name"] == "three"


async def test_delete_asks_in_place_and_names_who_needs_it(qapp: QApplication, home: Path) -> None:
    role = "arn:aws:iam::123456789012:role/deploy"
    deploy = ConnectionInfo("d", "deploy", ConnectionKind.ASSUME_ROLE, source_id="one", role_arn=role)
    async with Rig(qapp, home, profile_info("one"), deploy) as rig:
        rig.pick("one")
        rig.click("deleteConnection")
        assert rig.text("askQuestion") == "Delete one? deploy could not sign in any more."
        assert rig.dialog.focusWidget().objectName() == "askRefuse"
        press(rig.dialog.focusWidget(), Qt.Key.Key_Return)
        assert rig.info("one")
        rig.click("deleteConnection")
        rig.click("confirmDelete")
        await until(lambda: rig.names() == ["deploy", "New connection", "Local AWS"])
        assert rig.get("connectionName").text() == "deploy"


async def test_a_copy_comes_after_its_original(qapp: QApplication, home: Path) -> None:
    async with Rig(qapp, home, profile_info("one"), profile_info("two")) as rig:
        rig.pick("one")
        rig.click("duplicateConnection")
        await until(lambda: rig.names() == ["one", "one (copy)", "two", "New connection", "Local AWS"])
        await rig.idle("duplicate")
        assert rig.get("connectionName").text() == "one (copy)"


async def test_production_is_suggested_and_never_imposed(
    qapp: QApplication, home: Path, aws: FakeAws
) -> None:
    async with Rig(qapp, home) as rig:
        rig.type("connectionName", "prod-admin")
        await rig.choose("connectionKind", "Endpoint")
        rig.type("connectionEndpoint", aws.url)
        assert rig.text("productionHint") == "prod-admin looks like production."
        assert await rig.save() == "Saved."
        assert rig.info("prod-admin").guard is Guard.NORMAL
        await turns(2)
        rig.get("makeProduction").setFocus()
        press(rig.get("makeProduction"), Qt.Key.Key_Space)
        assert rig.text("productionHint") == ""
        assert await rig.save() == "Saved."
        assert rig.info("prod-admin").guard is Guard.PRODUCTION


async def test_colours_have_names_and_may_be_any(qapp: QApplication, home: Path) -> None:
    async with Rig(qapp, home, profile_info("one")) as rig:
        rig.pick("one")
        await rig.choose("connectionColour", "Teal")
        assert await rig.save() == "Saved."
        assert rig.info("one").colour == "#12918b"
        await rig.choose("connectionColour", "Grey")
        press(rig.get("connectionColour"), Qt.Key.Key_Down)  # Other…
        (dialog,) = rig.dialog.findChildren(QColorDialog)
        await until(dialog.isVisible)
        dialog.setCurrentColor("#123456")
        (okay,) = [button for button in dialog.findChildren(QPushButton) if "OK" in button.text()]
        click(okay)
        assert rig.get("connectionColour").currentText() == "#123456"
        assert await rig.save() == "Saved."
        assert rig.info("one").colour == "#123456"


async def test_several_regions_are_completed_one_by_one(qapp: QApplication, home: Path) -> None:
    async with Rig(qapp, home, profile_info("one")) as rig:
        await rig.idle("regions")
        rig.pick("one")
        rig.type("connectionRegions", "eu-west-1, eu-cen")
        field = rig.get("connectionRegions")
        popup = field.completer().popup()
        await until(popup.isVisible)
        press(popup, Qt.Key.Key_Down)
        press(popup, Qt.Key.Key_Return)
        assert field.text() == "eu-west-1, eu-central-1"
        assert await rig.save() == "Saved."
        assert rig.info("one").regions == ("eu-west-1", "eu-central-1")


async def test_a_role_is_assumed_with_another_connection(
    qapp: QApplication, home: Path, aws: FakeAws
) -> None:
    async with Rig(qapp, home, endpoint(aws)) as rig:
        rig.type("connectionName", "deploy")
        await rig.choose("connectionKind", "Assume role")
        await rig.choose("sourceConnection", "moto")
        rig.type("roleArn", "arn:aws:iam::123456789012:role/deploy")
        rig.type("externalId", "outside")
        rig.type("sessionTags", "team=core, stage=test")
        rig.type("connectionRegions", "us-east-1")
        await rig.choose("sessionDuration", "15 min")
        said = await rig.test()
        assert "expires " in said
        assert said.endswith(", renews itself")
        (asked,) = aws.requests("AssumeRole")
        assert (asked.params["ExternalId"], asked.params["DurationSeconds"]) == ("outside", "900")
        assert await rig.save() == "Saved."
        info = rig.info("deploy")
        assert info.session_tags == (("team", "core"), ("stage", "test"))
        assert (info.source_id, info.duration_s) == ("moto", 900)


async def test_a_change_from_elsewhere_is_shown_unless_it_is_being_edited(
    qapp: QApplication, home: Path
) -> None:
    async with Rig(qapp, home, profile_info("one"), profile_info("two")) as rig:
        rig.pick("one")
        await rig.connections.save(profile_info("one", regions=("eu-west-1",)))
        assert rig.get("connectionRegions").text() == "eu-west-1"
        rig.type("connectionRegions", "eu-west-2")
        await rig.connections.save(profile_info("one", regions=("eu-west-3",)))
        assert rig.get("connectionRegions").text() == "eu-west-2"
        rig.pick("two")
        await rig.connections.delete("two")
        assert rig.get("connectionName").text() == "one"


async def test_a_double_click_opens_what_is_stored(qapp: QApplication, home: Path) -> None:
    async with Rig(qapp, home, profile_info("one")) as rig:
        rig.pick("one")
        press(rig.get("connectionList"), Qt.Key.Key_Return)
        assert rig.opened == ["one"]
        assert not rig.is_open


async def test_everything_has_a_name_and_the_keyboard_reaches_it(
    qapp: QApplication, home: Path, aws: FakeAws
) -> None:
    async with Rig(qapp, home, endpoint(aws)) as rig:
        for number in range(5):
            rig.get("connectionKind").setCurrentIndex(number)
            await turns(4)
            assert nameless(rig.dialog) == []
        rig.pick("moto")
        await rig.test()
        assert nameless(rig.dialog) == []
        seen = set()
        rig.get("connectionList").setFocus()
        for _step in range(60):
            focused = QApplication.focusWidget()
            assert focused is not None
            seen.add(focused.objectName())
            press(focused, Qt.Key.Key_Tab)
        assert {
            "connectionList",
            "addConnection",
            "importKey",
            "connectionName",
            "connectionKind",
            "connectionEndpoint",
            "accessKeyId",
            "secretAccessKey",
            "caBundle",
            "connectionRegions",
            "connectionColour",
            "connectionGuard",
            "connectionTestResult",
            "copyPolicy",
            "policyTriggers",
            "policyDeepTriggers",
            "connectionTest",
            "connectionSaveOpen",
            "connectionSave",
        } <= seen


async def test_a_stored_key_is_shown_shortened_and_changing_the_id_needs_its_secret(
    qapp: QApplication, home: Path
) -> None:
    async with Rig(qapp, home) as rig:
        await rig.fill_key("work")
        said = await rig.save()
        assert said.startswith("Saved. No keyring is running on this computer. The secret is kept in memory")
        assert rig.get("accessKeyId").text() == MASKED_ID
        assert rig.get("secretAccessKey").text() == ""
        assert rig.get("secretAccessKey").placeholderText() == "kept in memory, until LambdaDesk is closed"
        rig.type("connectionName", "work 2")
        assert await rig.save() == "Saved."  # the key stays
        rig.type("accessKeyId", "AKIAANOTHERANOTHER")
        assert await rig.save() == "The access key id was changed. Enter the secret that belongs to it."
        rig.type("secretAccessKey", "another")
        assert (await rig.save()).startswith("Saved.")
        key = await rig.connections.secrets.load(rig.info("work 2").id)
        assert key is not None
        assert (key.access_key_id, key.secret_access_key.reveal()) == ("AKIAANOTHERANOTHER", "another")


async def test_a_stored_key_is_not_taken_to_another_address(
    qapp: QApplication, home: Path, aws: FakeAws
) -> None:
    async with Rig(qapp, home) as rig:
        rig.type("connectionName", "moto")
        await rig.choose("connectionKind", "Endpoint")
        rig.type("connectionEndpoint", "http://127.0.0.1:1")
        rig.type("accessKeyId", "mykey")
        rig.type("secretAccessKey", "mine")
        await rig.save()
        rig.type("connectionEndpoint", aws.url)
        rig.click("connectionTest")
        assert rig.text("connectionProblem") == (
            "The stored key is for the address that it was saved with. Enter its secret again."
        )
        assert aws.requests() == []


class NamedAccount(FakeAws):
    """An account with an alias."""

    def answer(self, request: Request, request_id: str) -> Reply:
        if request.operation == "ListAccountAliases":
            body = (
                '<ListAccountAliasesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
                "<ListAccountAliasesResult><IsTruncated>false</IsTruncated><AccountAliases>"
                "<member>shop-prod</member></AccountAliases></ListAccountAliasesResult>"
                "</ListAccountAliasesResponse>"
            )
            return Reply(200, body.encode(), {"Content-Type": "text/xml"})
        return super().answer(request, request_id)


async def test_the_alias_of_the_account_suggests_production_too(qapp: QApplication, home: Path) -> None:
    with NamedAccount() as aws:
        async with Rig(qapp, home, endpoint(aws)) as rig:
            rig.pick("moto")
            assert rig.text("productionHint") == ""
            assert await rig.test() == "✔ Account 000000000000 (shop-prod) · root · does not expire"
            assert rig.text("productionHint") == "shop-prod looks like production."


@pytest.mark.parametrize("kind", range(5))
async def test_no_two_mnemonics_are_the_same(qapp: QApplication, home: Path, kind: int) -> None:
    async with Rig(qapp, home, profile_info("one")) as rig:
        rig.get("connectionKind").setCurrentIndex(kind)
        await turns(2)
        texts = [
            each.text()
            for each in rig.dialog.findChildren(QWidget)
            if isinstance(each, QLabel | QAbstractButton) and each.isVisible()
        ]
        letters = [text[text.index("&") + 1].upper() for text in texts if "&" in text]
        assert len(letters) >= 12
        assert sorted(letters) == sorted(set(letters))
