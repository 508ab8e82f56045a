"""A process that owns a LocalServer with a handler in flight, to be killed by a test.

Prints the run's folder once the handler has begun, then waits for a signal.
"""

import asyncio
import signal
import sys
from pathlib import Path

from lambdadesk.core.threads import in_thread
from lambdadesk.local.clients import Clients
from lambdadesk.local.server import LocalServer
from tests.local.running import create_function, wait_until

BUSY = """
import os, subprocess, time
def handler(event, context):
    subprocess.Popen(["sleep", "20"], start_new_session=True)  # even what left the process group
    open(os.path.join(os.environ["TMPDIR"], "begun"), "w").close()
    time.sleep(20)
"""


async def main(state_dir: Path) -> None:
    server = LocalServer(state_dir)
    await server.start()
    assert server.log_path
    root = server.log_path.parent
    clients = Clients(server.url)
    await in_thread(create_function, clients, "busy", BUSY)
    await in_thread(clients.get("lambda").invoke, FunctionName="busy", InvocationType="Event")
    await in_thread(wait_until, (root / "begun").exists, "the handler begins")
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, asked.set)
    sys.stdout.write(f"{root}\n")
    sys.stdout.flush()
    await asked.wait()
    await server.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
