"""Lets ``python -m crossdock`` be the same as the command ``crossdock``."""

from crossdock.cli.main import main

if __name__ == "__main__":
    main()
