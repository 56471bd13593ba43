"""Segments: the list, the builder with its live count, one segment and what can be done with it."""
