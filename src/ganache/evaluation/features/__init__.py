"""Named, versioned extractors of features: what a score compares pictures by.

A score's name says them: the same distance of `inception` features is an FID, of `random` ones it is not.
"""
