"""The reports, a file a format."""
