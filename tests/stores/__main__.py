"""`make stores`: builds and installs the servers that need more than Python."""

from __future__ import annotations

from stores import azure, s3

if __name__ == "__main__":
    print(s3.build_versitygw())
    print(azure.install_azurite())
