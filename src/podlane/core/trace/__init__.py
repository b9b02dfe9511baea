"""Bytes on their way to GitLab: masked, limited, cut into pieces."""
