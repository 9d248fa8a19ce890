"""What is looked at: grids, clouds, animations, curves, and images as files."""
