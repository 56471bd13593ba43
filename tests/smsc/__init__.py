"""An SMSC on loopback for tests: the `smpp34` server, behind a line that can be bad. See `server.py`."""
