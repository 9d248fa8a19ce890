"""Rows of a table as values that networks take, and back: what each column's values mean."""
