"""`make helm`: builds the helm that the suite runs."""

from __future__ import annotations

from helm import program

if __name__ == "__main__":
    print(program.build())
