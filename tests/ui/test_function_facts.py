"""Triggers and lamps of the function table: looked up for what is in sight, and said not to be known."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from lambdadesk.core.lamps import LampKind
from lambdadesk.ui.models.function_table import PLACES
from tests.servers import faults
from tests.servers.fake_aws import ACCOUNT, FakeAws, make_function
from tests.servers.fake_mappings import make_mapping
from tests.ui.desk import Desk, press, turns, until, visible_words
from tests.ui.test_places import endpoint, show, store


def map_queue(aws: FakeAws, name: str, **more: str) -> None:
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders"
    aws.mappings.append(make_mapping(f"uuid-{len(aws.mappings)}", function, queue, **more))


def asked(aws: FakeAws, operation: str) -> set[str]:
    requests = aws.requests(operation)
    names = {request.path.split("/")[3] for request in requests}
    assert len(names) == len(requests)  # each once
    return names


def type_filter(desk: Desk, text: str) -> None:
    field = desk.get("functionFilter")
    field.clear()
    QTest.keyClicks(field, text)


def lamps(desk: Desk, name: str) -> set[LampKind]:
    row = desk.window.functions.rows.get((desk.connection.target.key, name))
    return {lamp.kind for lamp in row.lamps} if row is not None else set()


async def many(desk: Desk, aws: FakeAws, count: int) -> list[str]:
    """So many functions, listed anew, and what is in sight looked at."""
    await desk.listed()
    names = [f"function-{number:04}" for number in range(count)]
    aws.functions = [make_function(name) for name in names]
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: desk.connection.catalog.is_settled and len(desk.function_names()) == count)
    return names


async def test_only_rows_in_sight_are_looked_at(desk: Desk, aws: FakeAws) -> None:
    names = await many(desk, aws, 300)
    table = desk.get("functionTable")
    in_sight = {
        name
        for row, name in enumerate(names)
        if table.visualRect(table.model().index(row, 0)).bottom() > 0
        and table.visualRect(table.model().index(row, 0)).top() < table.viewport().height()
    }
    assert 5 < len(in_sight) < 60
    known = {*in_sight, "hello", "other", "third"}
    await until(lambda: in_sight <= asked(aws, "GetPolicy") and in_sight <= asked(aws, "GetFunction"))
    await turns()
    assert asked(aws, "GetPolicy") <= known
    table.verticalScrollBar().setValue(100)
    table.verticalScrollBar().setValue(table.verticalScrollBar().maximum())
    await until(lambda: names[-1] in asked(aws, "GetPolicy") & asked(aws, "GetFunction"))
    assert names[110] not in asked(aws, "GetPolicy")  # passed by
    table.verticalScrollBar().setValue(0)
    await turns(100)
    assert len(asked(aws, "GetPolicy") - known) < 60
    aws.functions[150]["MemorySize"] = 1024
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: desk.window.functions.rows.rows[150].function.memory_mb == 1024)
    assert names[150] not in {request.path.split("/")[3] for request in aws.requests("GetPolicy")}
    table.sortByColumn(PLACES["memory"], Qt.SortOrder.DescendingOrder)  # which brings it to the top
    await until(lambda: names[150] in {request.path.split("/")[3] for request in aws.requests("GetPolicy")})


async def test_a_filter_by_trigger_reads_all_policies_and_says_how_far_it_is(
    desk: Desk, aws: FakeAws
) -> None:
    map_queue(aws, "function-0003")
    aws.policies = {"function-0007": ["s3"], "function-0150": ["s3"]}
    await many(desk, aws, 200)
    rows = desk.window.functions.rows
    await until(lambda: desk.function_names() and rows.rows[3].triggers)
    for number in range(200):
        aws.policies.setdefault(f"function-{number:04}", [])
    aws.always("GetPolicy", faults.slow(0.03))
    type_filter(desk, "trigger:s3")
    await until(lambda: "· triggers known for " in desk.text("functionCount"))
    assert desk.text("functionCount").endswith(" of 200")
    await until(lambda: desk.function_names() == ["function-0007", "function-0150"], desk.function_names)
    await until(lambda: desk.text("functionCount") == "2 of 200 functions")
    type_filter(desk, "-trigger:s3")
    assert len(desk.function_names()) == 198
    type_filter(desk, "trigger:sqs")
    assert desk.function_names() == ["function-0003"]
    assert len(asked(aws, "GetPolicy") - {"hello", "other", "third"}) == 200


async def test_the_pass_ends_when_the_term_goes(desk: Desk, aws: FakeAws) -> None:
    await many(desk, aws, 300)
    aws.always("GetPolicy", faults.slow(0.05))
    type_filter(desk, "trigger:s3")
    await until(lambda: len(asked(aws, "GetPolicy")) > 40)
    press(desk.get("functionFilter"), Qt.Key.Key_Escape)
    await until(lambda: not any(desk.connection.scope.is_running(f"look {n}") for n in range(4)))
    assert len(asked(aws, "GetPolicy")) < 200
    assert "triggers known" not in desk.text("functionCount")


async def test_what_is_denied_is_said_once_for_each_reason(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    for operation in ("ListEventSourceMappings", "GetPolicy"):
        aws.always(operation, faults.denied(f"lambda:{operation}"))
    for operation in ("GetMetricData", "DescribeLogGroups"):
        aws.always(operation, faults.reset)
    press(desk.window, Qt.Key.Key_F5)
    said = "The event source mappings are not known: lambda:ListEventSourceMappings is denied."
    await until(lambda: said in desk.text("figuresMissing"), lambda: desk.text("figuresMissing"))
    broken = "The figures of 24 h and retentions of logs could not be asked for: The connection broke"
    await until(lambda: broken in desk.text("figuresMissing"), lambda: desk.text("figuresMissing"))
    assert "policies" not in desk.text("figuresMissing")  # nobody asked
    type_filter(desk, "trigger:s3")
    said = "The policies of functions are not known: lambda:GetPolicy is denied."
    await until(lambda: said in desk.text("figuresMissing"), lambda: desk.text("figuresMissing"))
    assert desk.text("functionCount") == "0 of 3 functions · triggers known for 0 of 3"
    for operation in ("ListEventSourceMappings", "GetPolicy", "GetMetricData", "DescribeLogGroups"):
        aws.always(operation, None)
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: not desk.get("figuresMissing").isVisible(), lambda: desk.text("figuresMissing"))
    await until(lambda: desk.text("functionCount") == "0 of 3 functions")


async def test_throttling_is_said_once_for_all_operations(desk: Desk, aws: FakeAws) -> None:
    await desk.listed()
    for operation in ("ListEventSourceMappings", "GetMetricData", "DescribeLogGroups"):
        aws.always(operation, faults.throttled())
    press(desk.window, Qt.Key.Key_F5)
    said = (
        "The figures of 24 h, retentions of logs and event source mappings could not be asked for: "
        "AWS asks for fewer requests. Wait a moment, then refresh."
    )
    await until(lambda: desk.text("figuresMissing") == said, lambda: desk.text("figuresMissing"))
    assert desk.function_names() == ["hello", "other", "third"]


async def test_each_place_has_its_own_reason(desk: Desk, aws: FakeAws) -> None:
    with FakeAws() as other_aws:
        other_aws.functions = [make_function("mail")]
        other_aws.always("GetMetricData", faults.throttled())
        aws.always("GetMetricData", faults.denied("cloudwatch:GetMetricData"))
        one, two = endpoint("one", aws, "us-east-1"), endpoint("two", other_aws, "us-east-1")
        await store(desk, one, two)
        await show(desk, (one, "us-east-1"), (two, "us-east-1"))
        for said in (
            "The figures of 24 h are not known in 1 of 2 places: cloudwatch:GetMetricData is denied.",
            "The figures of 24 h could not be asked for in 1 of 2 places: AWS asks for fewer requests.",
        ):
            await until(
                lambda said=said: said in desk.text("figuresMissing"), lambda: desk.text("figuresMissing")
            )


async def test_the_page_shows_the_lamps_of_the_row(desk: Desk, aws: FakeAws) -> None:
    map_queue(aws, "hello", LastProcessingResult="PROBLEM: Function call failed")
    for name in ("hello", "other", "third"):
        aws.log_settings[f"/aws/lambda/{name}"] = {"retentionInDays": 7}
    await desk.open("hello")
    await until(lambda: lamps(desk, "hello") == {LampKind.TRIGGER})
    line = desk.get("functionLamps")
    await until(line.isVisible)
    assert "SQS orders (PROBLEM: Function call failed)" in line.text()
    aws.log_settings["/aws/lambda/hello"] = {}
    aws.details["GetFunctionConcurrency", "hello"] = {"ReservedConcurrentExecutions": 0}
    desk.turn_to("Configuration")
    await until(lambda: lamps(desk, "hello") == {LampKind.TRIGGER, LampKind.RETENTION, LampKind.CONCURRENCY})
    assert line.text().startswith("✖ Its reserved concurrency is 0")
    assert line.text() in visible_words(desk.page)
    aws.mappings.clear()
    aws.log_settings["/aws/lambda/hello"] = {"retentionInDays": 1}
    aws.details.clear()
    press(desk.window, Qt.Key.Key_F5)
    await until(lambda: not line.isVisible(), line.text)
    assert lamps(desk, "hello") == set()


async def test_a_scan_of_an_opened_function_fills_the_table(desk: Desk, aws: FakeAws) -> None:
    aws.policies["hello"] = ["alexa-appkit"]
    await desk.listed()
    desk.get("functionTable").setColumnHidden(PLACES["triggers"], False)
    model = desk.get("functionTable").model()

    def triggers(name: str) -> str:
        return str(model.index(desk.function_names().index(name), PLACES["triggers"]).data())

    await until(lambda: triggers("hello") == "alexa", lambda: triggers("hello"))
    await until(lambda: triggers("other") == "none", lambda: triggers("other"))
    aws.policies["hello"] = ["workmail"]
    await desk.open("hello", "Triggers")
    await until(lambda: triggers("hello") == "workmail", lambda: triggers("hello"))


async def test_a_column_says_that_there_may_be_more(desk: Desk, aws: FakeAws) -> None:
    map_queue(aws, "hello")
    aws.always("GetPolicy", faults.denied("lambda:GetPolicy"))
    await desk.listed()
    index = desk.get("functionTable").model().index(desk.function_names().index("hello"), PLACES["triggers"])
    await until(lambda: index.data() == "sqs, …", index.data)
    assert "there may be more" in index.data(Qt.ItemDataRole.ToolTipRole)
