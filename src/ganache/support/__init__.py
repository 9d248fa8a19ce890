"""What every folder stands on: errors, files, units, the machine, seeds."""
