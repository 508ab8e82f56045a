"""Fails every time, with an error of its own."""


class TillIsEmptyError(Exception):
    """There is not enough money in the till."""


def handler(event, context):
    amount = event.get("amount", 0)
    print(f"Paying out {amount}")
    print("Counting the till: 0")
    raise TillIsEmptyError(f"{amount} can't be paid out, the till holds 0.")
