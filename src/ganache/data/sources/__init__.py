"""Every kind of data that can be named: one file for each kind."""
