"""The parts of the Invoke page that are no widgets of their own."""
