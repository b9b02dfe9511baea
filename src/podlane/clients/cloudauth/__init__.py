"""Credentials that a cloud gives to the workload that asks: AWS, Google, Azure."""
