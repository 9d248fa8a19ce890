"""What training does on a GPU: whether it is right there, how fast it is, and what would make it faster."""
