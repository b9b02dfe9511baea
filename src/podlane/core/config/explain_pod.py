"""What hooks, DNS, services and patches do in `[runners.kubernetes]`; see explain.py."""

POD = """
[runners.kubernetes.services]
name $: The image of the service.
  = "postgres:16"
alias $: By which names jobs reach it, separated by blanks or commas. Empty: names made of the
  image.
  = "db"
entrypoint: What is run in place of the image's entrypoint.
  = ["docker-entrypoint.sh"]
command: The arguments of the entrypoint.
  = ["-c", "fsync=off"]
environment: Variables of this service alone, each as `KEY=value`.
  = ["POSTGRES_PASSWORD=ci"]
suspend_data_path (path): Where the service keeps what a suspended environment would save.

[runners.kubernetes.container_lifecycle]
post_start: What happens right after a container's start, beside its own command. If it fails, so
  does the container.
pre_stop: What happens before a container is told to stop, within the pod's grace.

[runners.kubernetes.container_lifecycle.{post_start,pre_stop}]
exec: A command in the container.
http_get: A request to the container.
tcp_socket: A connection to the container; Kubernetes no longer does anything with it.

[runners.kubernetes.container_lifecycle.{post_start,pre_stop}.exec]
command: The command and its arguments; no shell reads them.
  = ["/bin/sh", "-c", "touch /tmp/ready"]

[runners.kubernetes.container_lifecycle.{post_start,pre_stop}.http_get]
host: Whom the request goes to. Empty: the pod itself.
  = "hooks.example.com"
port: The port.
  = 8080
path: The path.
  = "/ready"
scheme: `HTTP` or `HTTPS`. Empty: `HTTP`.
  = "HTTPS"
http_headers: Further headers of the request.

[runners.kubernetes.container_lifecycle.{post_start,pre_stop}.http_get.http_headers]
name: The header's name.
  = "X-Reason"
value: Its value.
  = "ci"

[runners.kubernetes.container_lifecycle.{post_start,pre_stop}.tcp_socket]
host: Whom the connection goes to. Empty: the pod itself.
  = "hooks.example.com"
port: The port.
  = 8080

[runners.kubernetes.dns_config]
nameservers: Addresses of name servers that are asked.
  = ["10.0.0.53"]
searches: Domains that short names are looked for in.
  = ["example.com"]
options: Options of the resolver.

[runners.kubernetes.dns_config.options]
name: The option.
  = "ndots"
value: Its value, where it has one.
  = "2"

[runners.kubernetes.host_aliases]
ip: The address that the names stand for.
  = "10.0.0.7"
hostnames: The names.
  = ["gitlab.internal", "registry.internal"]

[runners.kubernetes.pod_spec]
name: What messages call the patch.
  = "more shared memory"
patch: The patch itself, as YAML or JSON.
  = "hostname: ci"
patch_path (path): A file with the patch, beside config.toml or by its full path. Only one of the
  two may be there.
  = "patches/shm.yaml"
patch_type: How it is applied: `strategic` (as `kubectl patch` does), `merge` (RFC 7386) or `json`
  (RFC 6902).
  = "merge"
"""
