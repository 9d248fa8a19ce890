"""The doctor: what is wrong with a run, by what evidence, and what to change."""
