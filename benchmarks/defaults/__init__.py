"""Which recipe for which data: `python -m benchmarks.defaults`."""
