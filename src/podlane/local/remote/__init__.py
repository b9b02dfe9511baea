"""A pipeline on the user's own cluster: the embedded GitLab as a pod, everything else from here."""
