"""A Secret is shown by no protocol of Python."""

import copy
import dataclasses
import json
import logging
import pickle
import traceback

import pytest

from lambdadesk.core.connections import AccessKey
from lambdadesk.core.secret import Secret

CANARY = "canary-5ca1ab1e"


def test_only_reveal_gives_it_out() -> None:
    assert Secret(CANARY).reveal() == CANARY


@pytest.mark.parametrize(
    "show",
    [repr, str, format, ascii, "{}".format, "{!r:>40}".format, "{:>20}".format, lambda secret: f"{secret}",
     lambda secret: f"{secret!r} {secret!s} {secret:^30}", lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
     lambda secret: repr(AccessKey("AKIA", secret, secret)), lambda secret: str([secret, {secret: secret}]),
     lambda secret: str(dir(secret)),
     lambda secret: str(KeyError(secret))],
)  # fmt: skip
def test_every_way_to_show_it_masks_it(show: object) -> None:
    assert callable(show)
    assert CANARY not in show(Secret(CANARY))


def test_logs_and_tracebacks_mask_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("test").debug("the key is %s %r", Secret(CANARY), AccessKey("AKIA", Secret(CANARY)))
    try:
        raise ValueError(Secret(CANARY))
    except ValueError:
        text = traceback.format_exc()
    assert Secret.MASK in text
    assert Secret.MASK in caplog.text
    assert CANARY not in text + caplog.text


@pytest.mark.parametrize(
    "write",
    [
        pickle.dumps,
        json.dumps,
        lambda secret: json.dumps({"key": secret}),
        lambda secret: dataclasses.asdict(AccessKey("AKIA", secret)),
        vars,
        memoryview,
        bytes,
        len,
    ],
)
def test_nothing_writes_it(write: object) -> None:
    assert callable(write)
    with pytest.raises(TypeError) as failure:
        write(Secret(CANARY))
    assert CANARY not in str(failure.value)


def test_a_copy_stays_masked() -> None:
    with pytest.raises(TypeError):
        copy.deepcopy(Secret(CANARY))
    assert repr(dataclasses.replace(AccessKey("AKIA", Secret(CANARY)), access_key_id="B")) == (
        "AccessKey(access_key_id='B', secret_access_key=Secret(•••), session_token=Secret(•••), "
        "endpoint_url='')"
    )


def test_equal_secrets_are_equal_and_only_an_empty_one_is_false() -> None:
    assert Secret(CANARY) == Secret(CANARY)
    assert Secret(CANARY) != CANARY
    assert Secret(CANARY) != Secret("other")
    assert len({Secret(CANARY), Secret(CANARY)}) == 1
    assert Secret(CANARY)
    assert not Secret("")
