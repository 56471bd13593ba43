"""People: their profiles, the lists they are on, and how they come in."""
