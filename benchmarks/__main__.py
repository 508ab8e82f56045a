"""python -m benchmarks: prints tables and writes build/bench.json. Nothing passes or fails by time."""

import json
import os
import platform

from benchmarks import charts, invocations, logs, micro, month, series, startup, table, tail, timeline
from benchmarks.measure import ROOT


def main() -> None:
    figures = {
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "startup": startup.measure(),
        "table": table.measure(),
        "timeline": timeline.measure(),
        "charts": charts.measure(),
        "series": series.measure(),
        "micro": micro.measure(),
        "invocations": invocations.measure(),
        "month": month.measure(),
        "tail": tail.measure(),
        "logs": logs.measure(),
    }
    path = ROOT / "build" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"\nWritten to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
