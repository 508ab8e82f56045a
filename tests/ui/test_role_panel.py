"""The Role page: what the role allows, what is missing, each policy, and what could not be read."""

import json

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from tests.servers import faults
from tests.servers.fake_aws import FakeAws
from tests.servers.fake_iam import FakeRole, allow, iam_denied
from tests.servers.fake_mappings import make_mapping
from tests.ui.desk import Desk, click, press, rows, turns, until, visible_words

ARN = "arn:aws:iam::000000000000:role/hello"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:hello"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def make_role(aws: FakeAws) -> FakeRole:
    role = aws.roles["hello"] = FakeRole(
        ARN,
        attached={BASIC: allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"])},
        inline={"pictures": allow("s3:GetObject", "arn:aws:s3:::pictures/*")},
    )
    aws.mappings = [make_mapping("11111111-0000-4000-8000-000000000000", FUNCTION, QUEUE)]
    aws.simulation = dict.fromkeys(
        ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "sqs:ReceiveMessage"), "allowed"
    )
    return role


def parts(desk: Desk) -> list[str]:
    return [row[0] for row in rows(desk.get("rolePolicies"))]


def choose(desk: Desk, title: str) -> str:
    """Click on a part of the role and return its text."""
    tree = desk.get("rolePolicies")
    index = tree.model().index(parts(desk).index(title), 0)
    click(tree.viewport(), tree.visualRect(index).center())
    return str(desk.get("roleView").toPlainText())


async def open_page(desk: Desk) -> None:
    await desk.open("hello", "Role")
    await until(lambda: parts(desk), lambda: visible_words(desk.window))


async def refresh(desk: Desk) -> None:
    button = desk.get("roleRefresh")
    click(button)
    await until(lambda: not button.isEnabled())
    await until(button.isEnabled)


async def test_what_it_allows_is_told_in_words(desk: Desk, aws: FakeAws) -> None:
    make_role(aws)
    await open_page(desk)
    text = desk.get("roleView").toPlainText()
    assert "Lambda may use the role." in text
    assert "CloudWatch Logs\n  • create log groups and write logs on any resource" in text
    assert "S3\n  • read objects in bucket pictures" in text
    assert desk.text("roleName") == "hello"
    assert desk.text("roleFoot").startswith("read at ")


async def test_what_is_missing_is_simulated_by_iam(desk: Desk, aws: FakeAws) -> None:
    make_role(aws)
    await open_page(desk)
    assert "What is missing (2)" in parts(desk)
    text = choose(desk, "What is missing (2)")
    assert text.startswith("2 of 6 actions that the function visibly needs are not allowed.")
    assert f"For the event source, queue orders\n    sqs:DeleteMessage on {QUEUE}" in text
    assert "IAM simulated it." in text
    assert json.loads(text[text.index("{") :])["Statement"][0]["Action"] == [
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
    ]


async def test_every_policy_is_there_as_json(desk: Desk, aws: FakeAws) -> None:
    make_role(aws)
    await open_page(desk)
    assert parts(desk)[2:] == ["Trust policy", "AWSLambdaBasicExecutionRole", "pictures"]
    trust = json.loads(choose(desk, "Trust policy"))
    assert trust["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert json.loads(choose(desk, "pictures"))["Statement"][0]["Action"] == "s3:GetObject"
    click(desk.get("copyRoleText"))
    assert json.loads(QGuiApplication.clipboard().text())["Statement"][0]["Action"] == "s3:GetObject"


async def test_a_denied_policy_says_so_and_the_rest_is_there(desk: Desk, aws: FakeAws) -> None:
    make_role(aws)
    aws.always("GetRolePolicy", iam_denied("iam:GetRolePolicy"))
    aws.always("SimulatePrincipalPolicy", iam_denied("iam:SimulatePrincipalPolicy"))
    aws.always("ListEventSourceMappings", faults.denied("lambda:ListEventSourceMappings"))
    await open_page(desk)
    assert "iam:GetRolePolicy" in choose(desk, "pictures")
    allowed = choose(desk, "What it allows")
    assert "▲ Not read: pictures. These credentials are not allowed to call iam:GetRolePolicy." in allowed
    assert "CloudWatch Logs" in allowed
    missing = choose(desk, "What is missing")
    assert "This is an estimate" in missing
    assert "▲ Not checked. Event sources: These credentials are not allowed" in missing
    assert desk.window.notices.keys() == []


async def test_a_role_that_may_not_be_read_is_a_denied_page(desk: Desk, aws: FakeAws) -> None:
    make_role(aws)
    for operation in ("GetRole", "ListAttachedRolePolicies", "ListRolePolicies"):
        aws.always(operation, iam_denied(f"iam:{operation}"))
    await desk.open("hello", "Role")
    await until(lambda: "Access denied" in visible_words(desk.page))
    assert "The permission iam:GetRole is missing." in visible_words(desk.page)
    for operation in ("GetRole", "ListAttachedRolePolicies", "ListRolePolicies"):
        aws.always(operation, None)
    await refresh(desk)
    assert "pictures" in parts(desk)


async def test_a_role_that_is_gone_is_told(desk: Desk) -> None:
    await desk.open("hello", "Role")
    await until(lambda: "The role hello does not exist." in visible_words(desk.page))


async def test_a_refresh_that_fails_keeps_the_text_and_the_choice(desk: Desk, aws: FakeAws) -> None:
    role = make_role(aws)
    await open_page(desk)
    before = choose(desk, "pictures")
    aws.always("GetRole", faults.error(500, "ServiceFailure"))
    await refresh(desk)
    assert desk.get("roleView").toPlainText() == before
    assert "✖ " in desk.text("roleTrouble")
    aws.always("GetRole", None)
    role.inline["pictures"] = allow("s3:PutObject")
    await refresh(desk)
    assert not desk.get("roleTrouble").isVisible()
    assert json.loads(desk.get("roleView").toPlainText())["Statement"][0]["Action"] == "s3:PutObject"


async def test_the_configuration_is_asked_for_once_by_both_pages(desk: Desk, aws: FakeAws) -> None:
    make_role(aws)
    await desk.listed()
    looked_at = len(aws.functions)  # for the function table, once each
    await until(lambda: len(aws.requests("GetFunction")) == looked_at)
    await desk.open("hello", "Configuration")
    desk.turn_to("Role")
    await until(lambda: parts(desk))
    assert len(aws.requests("GetFunction")) == looked_at + 1
    await refresh(desk)
    assert len(aws.requests("GetFunction")) == looked_at + 2


async def test_a_changed_function_is_read_again(desk: Desk, aws: FakeAws) -> None:
    make_role(aws)
    await open_page(desk)
    assert "xray" not in choose(desk, "What is missing (2)")
    aws.functions[0] |= {"TracingConfig": {"Mode": "Active"}, "MemorySize": 256}
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: "What is missing (4)" in parts(desk))
    assert "xray:PutTraceSegments" in desk.get("roleView").toPlainText()


async def test_text_from_outside_stays_text(desk: Desk, aws: FakeAws) -> None:
    role = make_role(aws)
    role.inline = {"<b>bold</b>\u202e": allow("s3:GetObject", "arn:aws:s3:::<i>x/*")}
    await open_page(desk)
    await turns()
    assert parts(desk)[-1] == "<b>bold</b><U+202E>"
    assert "bucket <i>x" in desk.get("roleView").toPlainText()


async def test_text_without_line_numbers_has_no_room_for_them(desk: Desk, aws: FakeAws) -> None:
    make_role(aws)
    await open_page(desk)
    view = desk.get("roleView")
    assert view.viewport().x() == view.contentsRect().x()
