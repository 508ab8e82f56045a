"""boto3 clients of the Local AWS, which nothing in the user's environment or files can redirect."""

import os
import threading
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

REGION = "us-east-1"
ACCOUNT_ID = "000000000000"

# Where the session would look; without these it reads the user's profile, which may not even exist.
_NO_FILES: dict[str, Any] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class Clients:
    """Builds each client once. Blocking, and safe to use from several threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()  # a session must not build two clients at a time
        self._session: boto3.Session | None = None
        self._clients: dict[str, Any] = {}

    def get(self, service: str) -> Any:
        """The client of a service, by boto3's name of it."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._build(service)
            return self._clients[service]

    def close(self) -> None:
        """Close the connections of every client."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _build(self, service: str) -> Any:
        if self._session is None:
            self._session = boto3.Session(
                botocore_session=botocore.session.Session(session_vars=_NO_FILES),
                aws_access_key_id="test",
                aws_secret_access_key="test",  # noqa: S106  MiniStack's own
                region_name=REGION,
            )
        return self._session.client(
            service,
            endpoint_url=self._url,
            config=Config(
                inject_host_prefix=False,
                proxies={},
                use_fips_endpoint=False,
                use_dualstack_endpoint=False,
                connect_timeout=5,
                read_timeout=40,
                max_pool_connections=20,  # seeding creates every function at once
                retries={"total_max_attempts": 1},
            ),
        )
