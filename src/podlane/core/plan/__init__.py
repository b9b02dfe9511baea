"""What the helper will do, in order: the contract between manager and helper."""
