"""What the application does, without Qt."""
