"""What the keys of `[runners.kubernetes]` for CPU, memory and disk do; see explain.py."""

RESOURCES = """
[runners.kubernetes]
cpu_request (Kubernetes quantity): CPU that the build container is sure to get; the scheduler looks
  for a node with so much to spare.
  = "500m"
cpu_limit (Kubernetes quantity): CPU that the build container can use at most; it runs slower then.
  = "2"
memory_request (Kubernetes quantity): Memory that the scheduler keeps for the build container.
  = "1Gi"
memory_limit (Kubernetes quantity): Memory that the build container can use at most. A script that
  wants more is killed, and the log names limit and peak.
  = "4Gi"
ephemeral_storage_request (Kubernetes quantity): Disk of the node that the scheduler keeps for the
  build container.
  = "5Gi"
ephemeral_storage_limit (Kubernetes quantity): Disk of the node that the build container can fill
  before the pod is evicted.
  = "20Gi"
helper_cpu_request (Kubernetes quantity): CPU that the helper container is sure to get. It fetches
  sources and packs archives.
  = "100m"
helper_cpu_limit (Kubernetes quantity): CPU that the helper container can use at most.
  = "1"
helper_memory_request (Kubernetes quantity): Memory that the scheduler keeps for the helper
  container.
  = "64Mi"
helper_memory_limit (Kubernetes quantity): Memory that the helper container can use at most. Less
  than 64Mi is too little for a large repository.
  = "256Mi"
helper_ephemeral_storage_request (Kubernetes quantity): Disk of the node that the scheduler keeps
  for the helper container.
  = "1Gi"
helper_ephemeral_storage_limit (Kubernetes quantity): Disk of the node that the helper container can
  fill before the pod is evicted.
  = "10Gi"
service_cpu_request (Kubernetes quantity): CPU that each service container is sure to get.
  = "200m"
service_cpu_limit (Kubernetes quantity): CPU that each service container can use at most.
  = "1"
service_memory_request (Kubernetes quantity): Memory that the scheduler keeps for each service
  container.
  = "256Mi"
service_memory_limit (Kubernetes quantity): Memory that each service container can use at most.
  = "1Gi"
service_ephemeral_storage_request (Kubernetes quantity): Disk of the node that the scheduler keeps
  for each service container.
  = "1Gi"
service_ephemeral_storage_limit (Kubernetes quantity): Disk of the node that each service container
  can fill before the pod is evicted.
  = "5Gi"
pod_cpu_request (Kubernetes quantity): CPU that the pod as a whole is sure to get, whichever of its
  containers uses it. The cluster must be 1.34 or have the feature PodLevelResources.
  = "1"
pod_cpu_limit (Kubernetes quantity): CPU that the pod as a whole can use at most, as
  `pod_cpu_request`.
  = "4"
pod_memory_request (Kubernetes quantity): Memory that the scheduler keeps for the pod as a whole, as
  `pod_cpu_request`.
  = "2Gi"
pod_memory_limit (Kubernetes quantity): Memory that the pod as a whole can use at most, as
  `pod_cpu_request`.
  = "8Gi"
{,helper_,service_,pod_}cpu_{request,limit}_overwrite_max_allowed (Kubernetes quantity): How much
  CPU a job may ask for by the variable; for more it is refused. Empty: the variable is ignored.
  = "4"
{,helper_,service_,pod_}memory_{request,limit}_overwrite_max_allowed (Kubernetes quantity): How much
  memory a job may ask for by the variable; for more it is refused. Empty: the variable is ignored.
  = "8Gi"
{,helper_,service_}ephemeral_storage_{request,limit}_overwrite_max_allowed (Kubernetes quantity):
  How much disk a job may ask for by the variable; for more it is refused. Empty: the variable is
  ignored.
  = "50Gi"
"""
