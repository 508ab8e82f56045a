"""Queries of Logs Insights to begin with, made to fit a function."""

from dataclasses import dataclass
from typing import Final

from lambdadesk.core.prices import PriceItem, PriceTable
from lambdadesk.core.types import FunctionInfo

_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class WrittenQuery:
    """A query to begin with, for functions that log text and for those that log JSON.

    In its texts, BIN is a stretch of time that fits the range, and COST the lines that price GB-seconds.
    """

    key: str
    title: str
    about: str
    text: str
    json: str


WRITTEN: Final = (
    WrittenQuery(
        "errors",
        "Errors",
        "Failed invocations and lines that say error, newest first",
        "filter @message like /Task timed out after|Status: timeout|Status: error|Runtime exited"
        "|Runtime.OutOfMemory|signal: killed|\\[ERROR\\]|\\tERROR\\t/\n"
        "| fields @timestamp, @message, @requestId, @logStream, @log\n"
        "| sort @timestamp desc\n"
        "| limit 200",
        'filter record.status in ["error", "failure", "timeout"]'
        ' or level in ["ERROR", "FATAL", "error", "fatal", "Error", "Critical"]\n'
        "| fields @timestamp, @message, coalesce(requestId, record.requestId) as request, @logStream, @log\n"
        "| sort @timestamp desc\n"
        "| limit 200",
    ),
    WrittenQuery(
        "slowest",
        "Slowest invocations",
        "The 100 longest, with what each was billed",
        'filter @type = "REPORT"\n'
        "| fields @timestamp, @duration, @billedDuration, @initDuration, @maxMemoryUsed / 1000000 as usedMB, "
        "@requestId, @logStream, @log\n"
        "| sort @duration desc\n"
        "| limit 100",
        'filter type = "platform.report"\n'
        "| fields @timestamp, record.metrics.durationMs as durationMs, "
        "record.metrics.billedDurationMs as billedMs, record.metrics.initDurationMs as initMs, "
        "record.metrics.maxMemoryUsedMB as usedMB, record.requestId as request, @logStream, @log\n"
        "| sort durationMs desc\n"
        "| limit 100",
    ),
    WrittenQuery(
        "cold-starts",
        "Cold starts",
        "How many over time, and how long they took",
        'filter @type = "REPORT"\n'
        "| stats count(*) as invocations, count(@initDuration) as coldStarts, "
        "coldStarts * 100 / invocations as coldPercent, avg(@initDuration) as avgInitMs, "
        "max(@initDuration) as maxInitMs by bin(BIN)",
        'filter type = "platform.report"\n'
        "| stats count(*) as invocations, count(record.metrics.initDurationMs) as coldStarts, "
        "coldStarts * 100 / invocations as coldPercent, avg(record.metrics.initDurationMs) as avgInitMs, "
        "max(record.metrics.initDurationMs) as maxInitMs by bin(BIN)",
    ),
    WrittenQuery(
        "memory",
        "Memory headroom",
        "What was used of the memory size; MB as Lambda counts them",
        'filter @type = "REPORT"\n'
        "| stats count(*) as invocations, max(@memorySize / 1000000) as memoryMB, "
        "max(@maxMemoryUsed / 1000000) as maxUsedMB, avg(@maxMemoryUsed / 1000000) as avgUsedMB, "
        "memoryMB - maxUsedMB as freeMB, maxUsedMB * 100 / memoryMB as usedPercent by @log",
        'filter type = "platform.report"\n'
        "| stats count(*) as invocations, max(record.metrics.memorySizeMB) as memoryMB, "
        "max(record.metrics.maxMemoryUsedMB) as maxUsedMB, avg(record.metrics.maxMemoryUsedMB) as avgUsedMB, "
        "memoryMB - maxUsedMB as freeMB, maxUsedMB * 100 / memoryMB as usedPercent by @log",
    ),
    WrittenQuery(
        "cost",
        "Cost and GB-seconds",
        "What each log group's invocations were billed",
        'COST\nfilter @type = "REPORT"\n'
        "| stats count(*) as invocations, sum(@billedDuration) as billedMs, "
        "sum(@billedDuration / 1000 * @memorySize / 1000000 / 1024) as gbSeconds, "
        "gbSeconds * DURATION + invocations * REQUEST as costCURRENCY by @log\n"
        "| sort gbSeconds desc",
        'COST\nfilter type = "platform.report"\n'
        "| stats count(*) as invocations, sum(record.metrics.billedDurationMs) as billedMs, "
        "sum(record.metrics.billedDurationMs / 1000 * record.metrics.memorySizeMB / 1024) as gbSeconds, "
        "gbSeconds * DURATION + invocations * REQUEST as costCURRENCY by @log\n"
        "| sort gbSeconds desc",
    ),
    WrittenQuery(
        "timeouts",
        "Timeouts",
        "Invocations that reached the function's timeout, newest first",
        "filter @message like /Task timed out after|Status: timeout/\n"
        "| fields @timestamp, @message, @requestId, @duration, @billedDuration, @logStream, @log\n"
        "| sort @timestamp desc\n"
        "| limit 200",
        'filter type = "platform.report" and record.status = "timeout"\n'
        "| fields @timestamp, @message, record.requestId as request, "
        "record.metrics.durationMs as durationMs, record.metrics.billedDurationMs as billedMs, "
        "@logStream, @log\n"
        "| sort @timestamp desc\n"
        "| limit 200",
    ),
    WrittenQuery(
        "volume",
        "Log volume",
        "Lines and their characters over time; ingestion is billed by bytes, a little more",
        "stats count(*) as lines, sum(strlen(@message)) as characters by bin(BIN)",
        "stats count(*) as lines, sum(strlen(@message)) as characters by bin(BIN)",
    ),
)


def write_query(
    query: WrittenQuery, function: FunctionInfo, range_s: int, prices: PriceTable, region: str
) -> str:
    """The text of a written query for a function: for its log format, and for its streams alone where it
    shares its log group with others."""
    text = f"# {query.about}\n{query.json if function.log_format == 'JSON' else query.text}"
    if "COST" in text:
        duration = prices.rate(PriceItem.DURATION, region, function.architecture)
        request = prices.rate(PriceItem.REQUEST, region, function.architecture)
        is_exact = duration.exact and request.exact
        whose = region if is_exact else f"us-east-1, as not all are known for {region}"
        text = text.replace(
            "COST\n",
            f"# List prices of {function.architecture} in {whose}: before free tier,\n"
            "# tiers, ephemeral storage and SnapStart.\n",
        )
        text = text.replace("DURATION", f"{duration.price:f}").replace("REQUEST", f"{request.price:f}")
        text = text.replace("CURRENCY", duration.currency)
    text = text.replace("BIN", pick_bin(range_s))
    if function.shares_log_group:
        text = _only_streams_of(function.name, text)
    return text


def _only_streams_of(name: str, text: str) -> str:
    lines = text.split("\n")
    first = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    wanted = f'filter @logStream like "/{name}["'
    lines[first : first + 1] = [wanted, f"| {lines[first]}"]
    return "\n".join(lines)


def pick_bin(range_s: int) -> str:
    """A stretch for bin() that cuts a range into 15 to 180 parts."""
    for most_s, width in ((3_600, "1m"), (3 * 3_600, "5m"), (_DAY_S, "15m"), (8 * _DAY_S, "1h")):
        if range_s <= most_s:
            return width
    return "6h" if range_s <= 45 * _DAY_S else "1d"
