"""The Triggers page of the function hello, driven by mouse, and the account that it looks at."""

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtWidgets import QPushButton, QWidget

from tests.servers import faults
from tests.servers.fake_aws import make_function
from tests.servers.fake_mappings import make_mapping
from tests.servers.fake_services import FakeServices, to_policy
from tests.ui.desk import Desk, click, click_row, rows, until, visible_words

ACCOUNT = "000000000000"
ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:hello"
UUID = "11111111-0000-4000-8000-000000000000"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"
_S3_DENIED = faults.reply(403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
DEEP_S = 60.0
ELSEWHERE = "arn:aws:sns:eu-west-1:123456789012:post-commits"


@contextmanager
def serve() -> Iterator[FakeServices]:
    """The function hello: a queue, a bucket that may not be looked at, a topic of another account."""
    with FakeServices() as server:
        server.functions = [make_function("hello"), make_function("other")]
        server.mappings = [
            make_mapping(
                UUID, ARN, QUEUE, DestinationConfig={"OnFailure": {"Destination": f"{QUEUE}-failed"}}
            )
        ]
        server.answers["GetQueueUrl"] = {"QueueUrl": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/orders"}
        server.answers["GetQueueAttributes"] = {"Attributes": {"QueueArn": QUEUE}}
        server.answers["GetPolicy"] = lambda _params: to_policy(
            allow("s3", "arn:aws:s3:::pictures"), allow("sns", ELSEWHERE)
        )
        server.always("GetBucketNotificationConfiguration", _S3_DENIED)
        yield server


def allow(service: str, source: str) -> dict[str, object]:
    return {
        "Sid": service,
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
        "Condition": {"ArnLike": {"AWS:SourceArn": source}},
    }


def have_nothing(aws: FakeServices) -> None:
    aws.mappings = []
    aws.answers["GetPolicy"] = to_policy()


async def open_page(desk: Desk, function: str = "hello") -> None:
    await desk.open(function, "Triggers")
    await scanned(desk)


async def scanned(desk: Desk, within_s: float = 30.0) -> None:
    await until(desk.get("triggersRefresh").isEnabled, lambda: visible_words(desk.page), within_s)


async def deep_scan(desk: Desk) -> None:
    click(desk.get("triggersDeepScan"))
    await scanned(desk, DEEP_S)


async def refresh(desk: Desk) -> None:
    click(desk.get("triggersRefresh"))
    await scanned(desk)


def shown(desk: Desk) -> list[tuple[str, ...]]:
    """Source, name, mode, state and verdict of each row."""
    return [tuple(row[:5]) for row in rows(desk.get("triggerTable"))]


def choose(desk: Desk, name: str) -> str:
    """Click on the row with this name and return its evidence."""
    names = [row[1] for row in rows(desk.get("triggerTable"))]
    click_row(desk.get("triggerTable"), names.index(name))
    return str(desk.get("triggerEvidence").toPlainText())


def named_button(desk: Desk, text: str, *, besides: QWidget) -> QPushButton:
    """The one visible button of the page with this text that is not `besides`."""
    buttons = [each for each in desk.page.findChildren(QPushButton) if each.text() == text]
    (found,) = [each for each in buttons if each.isVisible() and each is not besides]
    return found
