"""Data from picture to picture: what is given and what is wanted, one behind the other in an image's channels."""
