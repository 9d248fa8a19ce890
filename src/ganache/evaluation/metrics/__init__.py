"""What is computed: from features, points or classes to numbers, without protocol, files or networks."""
