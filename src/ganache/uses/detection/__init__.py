"""Telling generated pictures from real ones, by their pixels alone, and saying how far that can be trusted."""
