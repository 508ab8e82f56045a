"""The functions of the sample account, whose code lies in resources/functions/."""

import io
import zipfile
from dataclasses import dataclass

from lambdadesk.core import resources

PYTHON = "python3.12"
NODE = "nodejs22.x"
EVENT_FILE = "event.json"


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample function; `name` is its folder in resources/functions/ too."""

    name: str
    runtime: str
    description: str
    memory_mb: int = 128
    timeout_s: int = 3
    architecture: str = "x86_64"
    log_format: str = "Text"


SAMPLES = (
    Sample("always-fails", PYTHON, "Raises an error of its own on every call"),
    Sample(
        "clickstream-aggregator",
        PYTHON,
        "Counts the page views of a Kinesis stream",
        memory_mb=256,
        timeout_s=10,
        architecture="arm64",
    ),
    Sample("heartbeat", PYTHON, "Beats every minute, by an EventBridge schedule"),
    Sample("hello", NODE, "Says hello; has a version and the alias live"),
    Sample(
        "image-thumbnailer",
        PYTHON,
        "Makes thumbnails of the pictures put into an S3 bucket",
        memory_mb=512,
        timeout_s=20,
    ),
    Sample(
        "json-logger",
        NODE,
        "Prices a basket and logs structured JSON lines",
        memory_mb=192,
        architecture="arm64",
        log_format="JSON",
    ),
    Sample("order-worker", PYTHON, "Ships the orders of an SQS queue; bad ones end in a dead-letter queue"),
    Sample("orders-api", NODE, "Answers an HTTP API", memory_mb=256, timeout_s=6),
    Sample("post-commit-notice", NODE, "Sums up post-commit notices published to an SNS topic"),
    Sample("sign-up-check", PYTHON, "Decides who may sign up to a Cognito user pool", timeout_s=5),
    Sample("stack-greeter", PYTHON, "Greets, as a CloudFormation custom resource", timeout_s=30),
    Sample("stock-auditor", NODE, "Says what changed in a DynamoDB table", memory_mb=1024, timeout_s=10),
    Sample("too-slow", PYTHON, "Needs longer than its timeout of 2 seconds", timeout_s=2),
)


def build_zip(name: str) -> bytes:
    """The deployment package of a sample: its folder but for the sample event."""
    folder = resources.files().joinpath("functions", name)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if file.is_file() and file.name != EVENT_FILE:
                archive.writestr(file.name, file.read_bytes())
    return packed.getvalue()


def load_event(name: str) -> str | None:
    """The sample payload of a function of the sample account; None for any other function."""
    if name not in {sample.name for sample in SAMPLES}:
        return None
    return resources.read_text(f"functions/{name}/{EVENT_FILE}")
