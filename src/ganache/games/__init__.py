"""Who plays, and how: the moves of an iteration."""
