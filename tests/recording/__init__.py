"""Makes the recorded states of tests/core/pod/recorded on the real cluster: `make record`."""
