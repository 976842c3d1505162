"""python -m asyncload: the command."""

from asyncload.cli import main

if __name__ == "__main__":
    main()
