"""Tuning: which settings of a recipe suit some data, by many short trainings of which the worse ones end early."""
