"""``python -m ganache.scratch`` trains on the engine without autograd."""

from ganache.scratch.command_line import main

if __name__ == "__main__":
    main()
