"""Beats every minute, by an EventBridge schedule, and counts the beats of this execution environment."""

beats = 0


def handler(event, context):
    global beats
    beats += 1
    print(f"Beat {beats} at {event.get('time', 'an unknown time')}: {event.get('detail-type', 'no type')}")
    return {"beats": beats}
