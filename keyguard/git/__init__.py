"""The only place that knows git's commands and formats."""
