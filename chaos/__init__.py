"""Real processes, killed at random moments while they send to two carriers that keep their own record."""
