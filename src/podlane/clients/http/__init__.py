"""HTTP as the other clients need it: one request and answer type, two ways to send."""
