"""``python -m ganache`` is the command `ganache`."""

from ganache.cli.app import main

if __name__ == "__main__":
    main()
