"""A whole session with logging at DEBUG, and then a look everywhere for what was secret in it."""

import gc
import logging
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QClipboard
from PySide6.QtWidgets import QApplication

from lambdadesk.app.crash import CrashReporter
from lambdadesk.core.connections import AccessKey, ConnectionInfo, ConnectionKind
from lambdadesk.core.secret import Secret
from tests.servers import faults
from tests.servers.fake_aws import FakeAws, make_function
from tests.ui.desk import CONTROL, Desk, press, turns, until, visible_words
from tests.ui.test_connection_secrets import attributes, child_processes, read_all, spoken
from tests.ui.test_sign_in_flow import CODE, MFA, ROLE, give_code

pytestmark = pytest.mark.logs_warnings  # botocore warns of what is retried

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET, TOKEN = "canary-secret+f1a9c0de", "canary-token-5ca1ab1e"
VARIABLE = "canary-variable-0ddba11"
# What a request is signed with, as botocore's own records would have it.
TRACES = ("Signature=", "AWS4-HMAC-SHA256", "CanonicalRequest")


async def test_nothing_secret_is_left_by_a_session_at_debug(
    desk: Desk,
    aws: FakeAws,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in ("", "botocore", "urllib3", "lambdadesk", "asyncio", "keyring"):
        caplog.set_level(logging.DEBUG, name or None)
    aws.mfa_code, aws.session_token = CODE, TOKEN
    aws.functions.append(make_function("private", Environment={"Variables": {"PASSWORD": VARIABLE}}))
    base = ConnectionInfo("base", "base", ConnectionKind.ENDPOINT, endpoint_url=aws.url, access_key_id=KEY_ID)
    role = ConnectionInfo(
        "shop",
        "shop",
        ConnectionKind.ASSUME_ROLE,
        source_id="base",
        role_arn=ROLE,
        mfa_serial=MFA,
        regions=("us-east-1",),
    )
    connections = desk.console.connections
    await connections.save(base, AccessKey(KEY_ID, Secret(SECRET)), in_memory=True)
    await connections.save(role)
    desk.window.places.open_connection(role)
    await give_code(desk)
    await until(lambda: "private" in desk.function_names())
    for page in ("Logs", "Configuration", "Invoke"):
        await desk.open("private", page)
    assert await desk.invoke("{}") == "✔ 200 Succeeded"
    # AWS quotes what was signed.
    quoted = (
        f"The Canonical String should have been 'POST /2015-03-31/functions x-amz-security-token:{TOKEN}'"
    )
    aws.script("Invoke", faults.error(403, "InvalidSignatureException", quoted))
    await desk.invoke("{}")
    aws.always("FilterLogEvents", faults.reset)
    desk.tail.poll_now()
    await until(lambda: desk.tail.error is not None)
    await turns()
    for step in (Qt.Key.Key_A, Qt.Key.Key_C):  # whatever has the focus
        press(QApplication.focusWidget() or desk.window, step, CONTROL)
    crash = CrashReporter(desk.paths.crash_dir)
    told: list[str] = []
    crash.show = lambda text, _path: told.append(text)
    try:
        source = connections.source_of(role)
        credentials = source.get_credentials("us-east-1")
        raise ValueError(f"{SECRET} {credentials.token}")
    except ValueError as error:
        crash.report(error)
    desk.console.settings.save_now()
    await desk.connection.invoker.flush()
    held = read_all(tmp_path)
    clipboard = QApplication.clipboard()
    shown = [clipboard.text(mode) for mode in (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection)]
    shown += [*spoken(desk.window), *attributes(desk.window), visible_words(desk.window), *told]
    shown += [repr(vars(connections)), repr(source), caplog.text, *capfd.readouterr()]
    processes = child_processes()
    # It was a session that had these in it, and its records are there.
    assert {request.access_key for request in aws.requests("AssumeRole")} == {KEY_ID}
    assert TOKEN in {request.headers.get("x-amz-security-token") for request in aws.requests("Invoke")}
    assert "botocore" in caplog.text
    assert "urllib3" in caplog.text
    assert told
    assert {"history.sqlite-wal", "settings.json", "connections.json"} <= {path.name for path in held}
    for secret in (SECRET, TOKEN, VARIABLE):
        assert not [path for path, data in held.items() if secret.encode() in data], secret
        assert not [text[:200] for text in shown if secret in text], secret
        assert not [text for text in processes if secret.encode() in text], secret
    for trace in TRACES:
        assert trace not in caplog.text, trace
    assert not [path for path, data in held.items() if KEY_ID.encode() in data]


async def test_to_lock_drops_every_key_and_stops_every_call(desk: Desk, aws: FakeAws) -> None:
    info = ConnectionInfo(
        "shop",
        "shop",
        ConnectionKind.ENDPOINT,
        endpoint_url=aws.url,
        access_key_id=KEY_ID,
        regions=("us-east-1",),
    )
    connections = desk.console.connections
    await connections.save(info, AccessKey(KEY_ID, Secret(SECRET), Secret(TOKEN)), in_memory=True)
    desk.window.places.open_connection(info)
    await until(lambda: desk.console.connection is not None and desk.connection.info.id == "shop")
    await desk.open("hello", "Logs")
    await desk.polled()
    desk.action("Lock").trigger()
    assert not connections.secrets.is_in_memory_only("shop")
    source = connections.source_of(info)
    gc.collect()  # as the application does, when it is idle
    held = [one for one in gc.get_objects() if isinstance(one, AccessKey)]
    assert not [one for one in held if one.secret_access_key.reveal() == SECRET]
    assert vars(source)["_credentials"] is None
    asked = len(aws.requests())
    desk.tail.poll_now()
    desk.action("Refresh the functions").trigger()
    await until(lambda: desk.tail.error is not None and desk.connection.catalog.state.error is not None)
    desk.turn_to("Invoke")
    assert "LambdaDesk is locked." in await desk.invoke("{}")
    assert len(aws.requests()) == asked
    desk.action("Unlock").trigger()
    # There is no keyring here, and what was in memory is gone.
    await until(lambda: "access key can't be read" in str(desk.connection.catalog.state.error))
    assert len(aws.requests()) == asked
