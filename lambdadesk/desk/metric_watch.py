"""MetricWatch, CloudWatch's metrics of one function, asked for when one wants them."""

from lambdadesk.aws.endpoints import is_aws
from lambdadesk.aws.metric_curves import METRICS, fetch_metric_curve
from lambdadesk.core.errors import UserError
from lambdadesk.core.event import Event
from lambdadesk.core.metric_curve import MetricCurve, choose_period_s
from lambdadesk.core.own_cost import OwnUse, UseRow, own_cost
from lambdadesk.core.types import Cost, FunctionInfo
from lambdadesk.desk.connection import Connection


class MetricWatch:
    """`curve` is what was loaded last; `error` why the last loading failed, which keeps the curve before it.

    Event changed: after any of the attributes changed.
    """

    def __init__(self, connection: Connection, function: FunctionInfo) -> None:
        self.changed: Event[[]] = Event()
        self.curve: MetricCurve | None = None
        self.error: UserError | None = None
        self.is_loading = False
        self._connection = connection
        self._function = function

    def price(self) -> Cost | None:
        """What one load costs, None where nothing: an endpoint that is not AWS."""
        target = self._connection.target
        if not is_aws(target):
            return None
        rows = [UseRow("", "", target.region, OwnUse.METRICS, len(METRICS))]
        return own_cost(rows, self._connection.prices, self._connection.currency)

    async def load(self, start_s: float, end_s: float) -> None:
        """Ask for a range (epoch seconds)."""
        gateway = self._connection.gateway
        now_s = gateway.server_now_ms / 1000
        end_s = min(end_s, now_s)
        period_s = choose_period_s(start_s, end_s, now_s)
        self.is_loading, self.error = True, None
        self.changed.emit()
        try:
            self.curve = await fetch_metric_curve(
                gateway, self._function.name, int(start_s), int(end_s) + 1, period_s
            )
        except UserError as error:
            self.error = error
        finally:
            self.is_loading = False
            self.changed.emit()

    def forget(self) -> None:
        self.curve = self.error = None
        self.changed.emit()
