"""What training does on a GPU: whether it is right there, how fast it is, and what would make it faster."""

import time

BEGAN = time.monotonic()  # before torch is imported, which counts too
