"""The shared cache of a runner: who may sign for it, and what is signed for a job."""
