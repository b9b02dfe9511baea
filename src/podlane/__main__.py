"""`python -m podlane` is the same as `podlane`."""

from podlane.cli.main import main

if __name__ == "__main__":
    main()
