"""Fairness: whether a generator draws every group of its data as often, as variedly and as well as the data have it."""
