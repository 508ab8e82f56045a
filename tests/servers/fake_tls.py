"""A certificate for the hosts of AWS that lasts a test run, so that FakeAws can answer in their place.

What botocore fetches on its own (the STS of a role in a profile, the SSO portal) goes to the hosts of AWS and
nowhere else. With HTTPS_PROXY and AWS_CA_BUNDLE set, as in many companies, it comes here.
"""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

HOSTS = ("*.amazonaws.com", "*.us-east-1.amazonaws.com", "*.sso.us-east-1.amazonaws.com")


def make_tls(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """The server's context, and the certificate for AWS_CA_BUNDLE. Skips where there is no openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = ",".join(f"DNS:{host}" for host in HOSTS)
    subprocess.run(
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
        f" -addext subjectAltName={names} -keyout key.pem -out certificate.pem".split(),
        cwd=folder,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate
