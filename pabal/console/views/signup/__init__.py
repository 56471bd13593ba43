"""Pages of sign-up forms."""
