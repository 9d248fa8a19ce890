"""What runs a game: devices and precision, the complete state, the iteration."""
