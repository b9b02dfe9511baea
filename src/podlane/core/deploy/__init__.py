"""What a running podlane consists of in a cluster: pure manifests, made from a config.toml."""
