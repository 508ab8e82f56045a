"""The Connections dialog: `dialog` around a list, a form of parts, and what Test found."""
