"""Looking for a run's record in the S3 bucket of an on-failure destination."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

from lambdadesk.aws.async_match import describe, match_record
from lambdadesk.aws.failures import get_plain_text, to_user_error
from lambdadesk.aws.gateway import Gateway
from lambdadesk.core.async_fate import Step, StepState, Wanted
from lambdadesk.core.threads import in_thread

_OBJECTS: Final = 20  # read at most
_RECORD_BYTES: Final = 2 * 1024 * 1024


async def look(gateway: Gateway, arn: str, wanted: Wanted) -> tuple[Step, bool]:
    """What is known of the record, and whether looking again would tell nothing new. Raises UserError.

    Keys are aws/lambda/async/FUNCTION/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-UUID, by the time of the record.
    """
    bucket = arn.rpartition(":")[2]
    since = datetime.fromtimestamp(wanted.since_ms / 1000, UTC)
    prefix = f"aws/lambda/async/{wanted.function}/"
    after = f"{prefix}{since:%Y/%m/%d}/{since:%Y-%m-%dT%H.%M.%S}"
    reply = await gateway.call("s3", "ListObjectsV2", Bucket=bucket, Prefix=prefix, StartAfter=after)
    keys = [str(entry["Key"]) for entry in reply.get("Contents") or ()]
    for key in keys[:_OBJECTS]:
        record = match_record(await _read(gateway, bucket, key), wanted)
        if record is not None:
            detail = f"{get_plain_text(key)}. {describe(record)}"
            return Step(f"Its record is in the bucket {bucket}", StepState.DONE, None, detail), True
    detail = f"{len(keys):,} records of the function came since; {min(len(keys), _OBJECTS)} were read."
    return Step(f"Its record is not in the bucket {bucket} yet", StepState.UNKNOWN, None, detail), False


async def _read(gateway: Gateway, bucket: str, key: str) -> bytes:
    reply: dict[str, Any] = await gateway.call("s3", "GetObject", Bucket=bucket, Key=key)
    body = reply["Body"]
    try:
        async with asyncio.timeout(gateway.limits.deadline_s):
            data: bytes = await in_thread(body.read, _RECORD_BYTES)
            return data
    except Exception as error:
        raise to_user_error(error, "s3", "GetObject") from error
    finally:
        body.close()
