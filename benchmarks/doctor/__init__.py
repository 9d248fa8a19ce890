"""The doctor among runs that were made sick on purpose, among healthy ones, and what becomes of those he advises."""
