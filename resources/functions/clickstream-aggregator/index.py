"""Counts the page views of a Kinesis batch."""

import base64
import json
from collections import Counter


def handler(event, context):
    clicks = [json.loads(base64.b64decode(record["kinesis"]["data"])) for record in event["Records"]]
    views = Counter(click["page"] for click in clicks)
    visitors = {click["visitor"] for click in clicks}
    for page, count in views.most_common():
        print(f"{count:5} {page}")
    print(f"{len(clicks)} clicks by {len(visitors)} visitors on {len(views)} pages")
    return {"clicks": len(clicks), "views": dict(views)}
