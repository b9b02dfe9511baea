"""`podlane deploy`: a config.toml → a running deployment, and back to nothing."""
