"""Sentry: where errors of podlane itself are sent."""
