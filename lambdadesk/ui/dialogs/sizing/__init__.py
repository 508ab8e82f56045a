"""The Sizing window of a function, and the right-size list of all functions."""
