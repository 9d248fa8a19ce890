"""What is seen in a browser: the pages, what they are made of, and what answers them."""
