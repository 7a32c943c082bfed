"""The command line and the composition root: the one place that knows every part and builds them by hand."""
