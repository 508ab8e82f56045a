"""Everything that is on disk: paths, settings, history."""
