"""What is said of a query: what it may scan, how far it is, and what it costs."""

from lambdadesk.core.insights import QueryRequest
from lambdadesk.core.money import format_about, format_money
from lambdadesk.core.query_cost import Estimate, format_bytes
from lambdadesk.desk.query import Query


def tell_estimate(query: Query, request: QueryRequest, found: Estimate) -> str:
    """What a request may scan and cost; empty where that is not known."""
    if request.names_its_source:
        return "The query names its log groups itself, so that what it scans is not known before."
    known = len(request.groups) - len(found.unknown)
    if not known or not found.bytes_scanned:  # what is stored is counted hours later
        return ""
    size, price = format_bytes(found.bytes_scanned), tell_about(query, found.bytes_scanned)
    where = f" in {known:,} of {len(request.groups):,} log groups" if found.unknown else ""
    return f"About {size} to scan{where}, {price}: an estimate from what is stored, spread evenly."


def tell_about(query: Query, bytes_scanned: int) -> str:
    """What it costs to scan so much, as one says it of an estimate."""
    cost = query.price(bytes_scanned)
    text = format_about(cost.amount, cost.currency)
    return text if text.startswith("less") else f"about {text}"


def tell_price(query: Query, bytes_scanned: int) -> str:
    """What it costs to scan so much."""
    cost = query.price(bytes_scanned)
    return f"{'' if cost.exact else '≈ '}{format_money(cost.amount, cost.currency)}"


def tell_status(query: Query, *, is_free: bool) -> tuple[str, str]:
    """How far a query is, or what came of it, and the tone of that. is_free: nothing is billed for it."""
    figures = query.statistics
    parts = []
    if query.is_running:
        word = "Cancelling…" if query.is_stopping else query.status.sentence if query.status else "Sent."
        parts.append(f"{word.rstrip('.')} · {query.took_s:.0f} s")
        parts.append(f"{figures.records_matched:,} matched")
        if query.table.rows:
            parts.append("the rows below are of the query before")
    else:
        rows = len(query.table.rows)
        parts.append(f"{rows:,} {'row' if rows == 1 else 'rows'} in {query.took_s:.1f} s")
    parts.append(f"{figures.records_scanned:,} records and {format_bytes(figures.bytes_scanned)} scanned")
    if not is_free:
        note = "".join(query.cost.notes[:1])
        aside = f" ({note[0].lower()}{note[1:-1]})" if note else ""
        parts.append(tell_price(query, figures.bytes_scanned) + aside)
    text = " · ".join(parts)
    if query.is_running:
        return text, "dim"
    if query.ignored:
        text = f"▲ This endpoint passed over `{query.ignored}`: the rows are log events. {text}"
        return text, "warning"
    if not query.is_whole:
        sentence = query.status.sentence if query.status else ""
        said = "" if sentence.startswith("Complete") else sentence
        return f"▲ These are not all rows. {said} {text}".replace("  ", " "), "warning"
    if query.request and len(query.table.rows) == query.request.limit:
        text += " · there may be more: the limit is reached"
    return text, "dim"
