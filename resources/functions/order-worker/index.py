"""Ships the orders of an SQS batch. An order it can't ship goes back; after two tries SQS moves it to the
dead-letter queue."""

import json


def handler(event, context):
    failures = []
    for record in event["Records"]:
        tries = int(record["attributes"]["ApproximateReceiveCount"])
        try:
            order = json.loads(record["body"])
            print(f"Shipped {ship(order)} (try {tries})")
        except (KeyError, ValueError) as error:
            print(f"Failed on try {tries}: {error!r} in {record['body']}")
            failures.append({"itemIdentifier": record["messageId"]})
    print(f"{len(event['Records']) - len(failures)} shipped, {len(failures)} returned")
    return {"batchItemFailures": failures}


def ship(order):
    if order["quantity"] < 1:
        raise ValueError("the quantity has to be positive")
    return f"order {order['id']}: {order['quantity']} x {order['item']}"
