"""What runs below a folder, seen from outside through /proc; a gateway to it, and functions in it."""

import io
import os
import socket
import threading
import time
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lambdadesk.aws.clients import Limits
from lambdadesk.aws.credentials import KeySource
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.connections import AccessKey, Guard
from lambdadesk.core.secret import Secret
from lambdadesk.core.types import Target
from lambdadesk.local.clients import Clients


def wait_until(condition: Callable[[], Any], what: str, deadline_s: float = 30.0) -> None:
    """Look every 20 ms until the condition holds; fails after the deadline."""
    pause = threading.Event()
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"not within {deadline_s} s: {what}"
        pause.wait(0.02)


def list_processes(root: Path) -> dict[int, str]:
    """pid -> command line of every process with the folder in its command line or environment."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            command = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(root) in command + environment:
            found[int(folder.name)] = command.replace(b"\0", b" ").decode().strip()
    return found


def find_process(root: Path, part: str) -> int:
    """The pid of the one process below the folder whose command line has `part`."""
    (pid,) = [pid for pid, command in list_processes(root).items() if part in command]
    return pid


def list_listening_addresses(pids: list[int]) -> list[str]:
    """The local addresses on which the processes listen."""
    inodes = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            target = os.readlink(descriptor)
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    addresses = []
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                words = bytes.fromhex(fields[1].partition(":")[0])
                packed = b"".join(words[i : i + 4][::-1] for i in range(0, len(words), 4))
                addresses.append(socket.inet_ntop(family, packed))
    return addresses


def create_function(clients: Clients, name: str, source: str, timeout_s: int = 30) -> None:
    """Create a Python function from its source."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", source)
    clients.get("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="index.handler",
        Role="arn:aws:iam::000000000000:role/test",
        Code={"ZipFile": packed.getvalue()},
        Timeout=timeout_s,
    )


@asynccontextmanager
async def open_gateway(
    url: str, guard: Guard = Guard.NORMAL, limits: Limits | None = None
) -> AsyncIterator[Gateway]:
    """A gateway to an endpoint, which asks once where limits say nothing else."""
    keys = KeySource(AccessKey("test", Secret("test")), url)
    target = Target("us-east-1", endpoint_url=url)
    gateway = Gateway(target, limits or Limits(attempts=1), credentials=keys, guard=guard)
    try:
        yield gateway
    finally:
        await gateway.close()
