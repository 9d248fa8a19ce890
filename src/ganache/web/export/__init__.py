"""A page that draws with a generator in any browser."""
