"""``python -m ganache`` is the command `ganache`."""

from ganache.cli import main

if __name__ == "__main__":
    main()
