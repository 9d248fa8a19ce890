"""Augmentation studies: is a classifier of few pictures better with a generator's pictures than without?"""
