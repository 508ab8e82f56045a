"""Sessions are made quicker than botocore makes them, and are none the worse for it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session

from lambdadesk.aws.sessions import open_session

# What files of botocore's data are opened for the clients of one region, and for those of four more.
_COUNT = """
import json, sys

opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)

from lambdadesk.aws.clients import Clients, Limits
from lambdadesk.aws.credentials import NoSource
from lambdadesk.core.connections import Guard
from lambdadesk.core.types import Target

URL = "http://127.0.0.1:1"
source = NoSource(URL)

def build(region):
    opened.clear()
    clients = Clients(Target(region, endpoint_url=URL), Limits(), source, Guard.NORMAL)
    for service in ("lambda", "sts", "logs"):
        clients.get(service)
    return [path for path in opened if path.endswith((".json", ".json.gz"))]

first = build("us-east-1")
others = [path for region in ("us-west-2", "eu-west-1", "eu-central-1") for path in build(region)]
print(json.dumps([first, others]))
"""


def test_api_models_are_read_once_for_all_regions() -> None:
    answer = subprocess.run([sys.executable, "-c", _COUNT], check=True, capture_output=True, text=True)
    first, others = json.loads(answer.stdout)
    models = {Path(path).parent.parent.name for path in first if "service-2" in path}
    assert models == {"lambda", "sts", "logs"}
    assert others == []


def test_a_session_has_botocores_own_handlers() -> None:
    theirs = list(_get_handlers(botocore.session.Session()))
    assert len(theirs) > 50
    assert list(_get_handlers(open_session(None))) == theirs


def test_what_is_registered_on_a_session_is_of_no_other() -> None:
    before = list(_get_handlers(open_session(None)))
    open_session(None).register("before-call.lambda", lambda **_: None)
    assert list(_get_handlers(open_session(None))) == before


def _get_handlers(session: Any) -> Iterator[tuple[str, list[Any]]]:
    """Of each event, in the order they are called in."""
    nodes = [("", session.get_component("event_emitter")._emitter._handlers._root)]
    while nodes:
        name, node = nodes.pop()
        if values := node["values"]:
            yield name, [*values.first, *values.middle, *values.last]
        nodes += [(f"{name}.{key}", child) for key, child in node["children"].items()]
