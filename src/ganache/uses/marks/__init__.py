"""Marks: what says of a picture that it is generated, and how much of it survives."""
