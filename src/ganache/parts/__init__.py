"""What a game is made of: frozen, typed values, each of which knows nothing of the others."""
