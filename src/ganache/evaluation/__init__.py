"""Judging what a generator draws."""
