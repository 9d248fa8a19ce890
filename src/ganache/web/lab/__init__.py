"""The playground: games of the real engine in processes of their own, looked at and steered from a page."""
