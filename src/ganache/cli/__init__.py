"""The command `ganache`."""
