"""config.toml as frozen data."""
