"""What the tables of `[runners.kubernetes.volumes]` do; see explain.py."""

VOLUMES = """
[runners.kubernetes.volumes]
host_path: Folders or files of the node.
pvc: Persistent volume claims of the namespace.
config_map: ConfigMaps of the namespace, each key a file.
secret: Secrets of the namespace, each key a file.
empty_dir: Empty folders that live as long as the pod.
csi: Volumes that a CSI driver makes for the pod.
nfs: Folders of an NFS server.

[runners.kubernetes.volumes.{host_path,config_map,secret,empty_dir,csi,nfs}]
mount_path (path) $: Where it is mounted in every container.
  = "/mnt/data"
sub_path (path) $: The folder of the volume that is mounted. Empty: all of it.
  = "projects/$CI_PROJECT_ID"

[runners.kubernetes.volumes.{config_map,secret,csi,nfs,host_path}]
read_only: Whether nothing can be written there.
  = true

[runners.kubernetes.volumes.host_path]
name: A name for the volume in the pod.
  = "docker-socket"
host_path (path): The path on the node. Empty: the same as `mount_path`.
  = "/var/run/docker.sock"
mount_propagation: Whether mounts made later are seen: `None`, `HostToContainer` or `Bidirectional`.
  = "HostToContainer"

[runners.kubernetes.volumes.pvc]
name $: The name of the claim. Named twice, it is one volume that is mounted twice; with
  `$CI_CONCURRENT_ID` each of several jobs at once has its own.
  = "builds-$CI_CONCURRENT_ID"
mount_path (path) $: Where it is mounted in every container. At `builds_dir` it holds the working
  copies, which the next job then goes on from.
  = "/builds"
sub_path (path) $: The folder of the volume that is mounted. Empty: all of it.
  = "projects/$CI_PROJECT_ID"
read_only: Whether nothing can be written there.
  = true
mount_propagation: Whether mounts made later are seen: `None`, `HostToContainer` or `Bidirectional`.
  = "HostToContainer"

[runners.kubernetes.volumes.config_map]
name: The name of the ConfigMap.
  = "ci-settings"

[runners.kubernetes.volumes.secret]
name: The name of the Secret.
  = "npm-credentials"

[runners.kubernetes.volumes.{config_map,secret}]
items: Which keys become which files. Empty: every key a file of its name.
  = { auth = "npm/auth", email = "npm/email" }

[runners.kubernetes.volumes.empty_dir]
name: A name for the volume in the pod.
  = "scratch"
medium: What it is made of: `Memory`, which counts towards the containers' limits, or empty, the
  node's disk.
  = "Memory"
size_limit (Kubernetes quantity): How much fits in before the pod is evicted. What is no quantity is
  a warning, and no limit.
  = "2Gi"
mount_propagation: Whether mounts made later are seen: `None`, `HostToContainer` or `Bidirectional`.
  = "HostToContainer"

[runners.kubernetes.volumes.csi]
name: A name for the volume in the pod.
  = "vault-secrets"
driver: The CSI driver that makes it.
  = "secrets-store.csi.k8s.io"
fs_type: The file system it is to have. Empty: the driver's own choice.
  = "ext4"
volume_attributes: What the driver is told.
  = { secretProviderClass = "ci" }

[runners.kubernetes.volumes.nfs]
name: A name for the volume in the pod.
  = "datasets"
server: The host of the NFS server.
  = "nfs.example.com"
path (path): The folder that it exports.
  = "/exports/datasets"
"""
