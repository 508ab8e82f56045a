"""Needs longer than its timeout allows."""

import time


def handler(event, context):
    seconds = event.get("seconds", 10)
    print(f"This takes {seconds} s, and {context.get_remaining_time_in_millis()} ms are left")
    time.sleep(seconds)
    print("Done")
    return {"slept_s": seconds}
