"""PROGRAM: one job, inside its pod. Has no right to the cluster."""
