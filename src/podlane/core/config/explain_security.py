"""What the security tables of `[runners.kubernetes]` do; see explain.py."""

SECURITY = """
[runners.kubernetes.pod_security_context]
run_as_user: The user that all containers run as, by number, where their own context says nothing.
  = 1000
run_as_group: The group that goes with it.
  = 1000
run_as_non_root: Whether Kubernetes refuses to start a container as root. podlane then sets by
  itself what else the `restricted` standard asks for; most images need `run_as_user` beside it.
  = true
fs_group: The group that volumes of the pod belong to, and that every container has.
  = 1000
supplemental_groups: Further groups that every container has.
  = [2000, 3000]
selinux_type: The SELinux type of all containers.
  = "container_t"
seccomp_profile: The filter of system calls of all containers.
app_armor_profile: The AppArmor profile of all containers.

[runners.kubernetes.{build,helper,service,init_permissions}_container_security_context]
run_as_user: The user that the container runs as, by number.
  = 1000
run_as_group: The group that goes with it.
  = 1000
run_as_non_root: Whether Kubernetes refuses to start the container as root.
  = true
read_only_root_filesystem: Whether the container can write nowhere but in its volumes.
  = true
allow_privilege_escalation: Whether its processes may gain rights that their parent has not. Unset:
  as the key of that name in `[runners.kubernetes]`.
  = false
privileged: Whether it runs with all rights of its node. Unset: as the key of that name in
  `[runners.kubernetes]`.
  = true
proc_mount: How much of `/proc` it sees: `default` or `unmasked`, which builds of containers inside
  it may need. Kubernetes 1.33 and newer take `unmasked` only with `hostUsers: false`, which a
  `pod_spec` patch adds.
  = "unmasked"
selinux_type: Its SELinux type.
  = "container_t"
capabilities: What it may do beside or below the usual; each list replaces the one of the runner.
seccomp_profile: Its filter of system calls.
app_armor_profile: Its AppArmor profile.

[runners.kubernetes.{build,helper,service,init_permissions}_container_security_context.capabilities]
add: Capabilities that it has beside the usual ones, in place of `cap_add`; an empty list: none.
  = ["SYS_PTRACE"]
drop: Capabilities that it does not have, in place of `cap_drop` and of what is dropped unasked.
  = ["ALL"]

[runners.kubernetes.{pod,build_container,helper_container,service_container,init_permissions_container}_security_context.{seccomp,app_armor}_profile]
type: `RuntimeDefault` (the container runtime's own), `Localhost` (one of the node) or
  `Unconfined` (none). Any other is left out, and the jobs' logs say so.
  = "RuntimeDefault"
localhost_profile: With `Localhost`, which profile of the node.
  = "profiles/ci.json"
"""
