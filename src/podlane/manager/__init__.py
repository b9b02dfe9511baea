"""PROGRAM: asks for jobs, launches pods, settles them."""
