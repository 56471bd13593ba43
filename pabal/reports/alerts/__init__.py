"""Alerts: the watch over rates, senders, money and processes. `watching` finds, `book` keeps, `telling` tells."""
