"""The version, written here alone: a folder of source without installed metadata knows it too."""

__version__ = "0.1.0"
