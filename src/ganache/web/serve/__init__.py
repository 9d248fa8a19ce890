"""`ganache serve`: trained generators behind an HTTP API."""
