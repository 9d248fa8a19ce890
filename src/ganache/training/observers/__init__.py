"""Who looks at a training from time to time, one file each."""
