"""From a request to a finished run: plan, loop, sessions."""
