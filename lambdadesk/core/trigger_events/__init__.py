"""The event that one trigger of a function would send: its real bucket, queue, route, pattern.

What the trigger does not tell is made up, and said so.
"""
