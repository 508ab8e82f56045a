"""Item models over plain lists; no input or output."""
