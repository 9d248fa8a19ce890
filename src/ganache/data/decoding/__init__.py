"""Image files to pixels: one file, one process that reads files, many of them."""
