"""`[[runners.kubernetes.pod_spec]]`: the administrator's patches of the finished pod."""
