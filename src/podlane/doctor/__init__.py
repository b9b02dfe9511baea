"""`podlane doctor`: what keeps a runner from running jobs, and the fix."""
