{{/* The verbs that the manager uses, by what the runner's config asks for: `podlane deploy` derives the
     same from the same file, and a test compares them. */}}

{{/* (dict "root" . "out" DICT): `home`, the jobs' namespace; `namespaces`, all that get a Role; `why`, for
     what reasons rights are needed in any; `isOpen`, that some are missing which were not asked for. */}}
{{- define "podlane.reach" -}}
{{- $root := .root -}}{{- $out := .out -}}
{{- $kubernetes := get $out.runner (include "podlane.spelt" (list $out.runner "kubernetes")) -}}
{{- $home := get $kubernetes (include "podlane.spelt" (list $kubernetes "namespace")) -}}
{{- $pattern := include "podlane.look" (list $kubernetes "namespace_overwrite_allowed") | printf `{"it":%s}` -}}
{{- $pattern = default "" (fromJson (replace `:}` `:""}` $pattern)).it -}}
{{- $perJob := eq (include "podlane.look" (list $kubernetes "namespace_per_job")) "true" -}}
{{- $names := list $home -}}{{- $why := list -}}
{{- $runner := get $out.runner (include "podlane.spelt" (list $out.runner "name")) -}}
{{- $_ := set $out "name" $runner -}}
{{- if $perJob -}}
{{- $why = append $why (printf "namespace_per_job of the runner %s" $runner) -}}
{{- else if regexMatch `^\^([a-z0-9-]+|\((\?:)?[a-z0-9-]+(\|[a-z0-9-]+)*\))\$$` $pattern -}}
{{- $names = concat $names (regexFindAll "[a-z0-9-]+" $pattern -1 | sortAlpha) -}}
{{- else if $pattern -}}
{{- $why = append $why (printf "namespace_overwrite_allowed \"%s\" of the runner %s, which is open to any namespace" $pattern $runner) -}}
{{- end -}}
{{- $named := concat $names (default list $root.Values.rbac.namespaces) | uniq -}}
{{- if and $perJob $root.Values.rbac.create (not $root.Values.rbac.clusterWideAccess) -}}
{{- fail "`namespace_per_job` in `runners.config` needs rights in namespaces that are yet to be made: set `rbac.clusterWideAccess: true`" -}}
{{- end -}}
{{- $_ := set $out "isOpen" (and $why (not $perJob) (not $root.Values.rbac.clusterWideAccess) (not $root.Values.rbac.namespaces)) -}}
{{- if $root.Values.rbac.clusterWideAccess -}}
{{- $why = default (list "rbac.clusterWideAccess") $why -}}
{{- $named = list -}}
{{- else -}}
{{- $why = list -}}
{{- end -}}
{{- $_ := set $out "home" $home -}}
{{- $_ := set $out "namespaces" $named -}}
{{- $_ := set $out "why" $why -}}
{{- $_ := set $out "perJob" $perJob -}}
{{- $hasPauses := ge (len (include "podlane.look" (list $kubernetes "autoscaler.policy"))) 3 -}}
{{- $_ := set $out "hasPauses" $hasPauses -}}
{{- $ownClass := include "podlane.look" (list $kubernetes "autoscaler.pause_pod_priority_class_name") -}}
{{- $_ := set $out "makesClass" (and $hasPauses (has $ownClass (list "" "\"\""))) -}}
{{- $_ := set $out "hasOwnAccess" (not (has (include "podlane.look" (list $kubernetes "host")) (list "" "\"\""))) -}}
{{- $_ := set $out "kubernetes" $kubernetes -}}
{{- end }}

{{/* (dict "out" DICT "namespaces" BOOL "jobs" BOOL "pauses" BOOL "class" BOOL): rules, in the order of
     API group and resource. */}}
{{- define "podlane.rules" -}}
{{- if .jobs }}
{{- $flag := include "podlane.look" (list .out.runner "feature_flags.FF_PRINT_POD_EVENTS") }}
{{- if or (eq $flag "true") (ne (include "podlane.look" (list .out.kubernetes "print_pod_warning_events")) "false") }}
- {apiGroups: [""], resources: [events], verbs: [list]}
{{- end }}
{{- if .namespaces }}
- {apiGroups: [""], resources: [namespaces], verbs: [create, delete, get, list]}
{{- end }}
- {apiGroups: [""], resources: [pods], verbs: [create, delete, get, list, patch, watch]}
{{- if eq (include "podlane.look" (list .out.runner "podlane.service_logs")) "true" }}
- {apiGroups: [""], resources: [pods/log], verbs: [get]}
{{- end }}
- {apiGroups: [""], resources: [secrets], verbs: [create, delete, get, list, watch]}
{{- end }}
{{- if .pauses }}
- {apiGroups: [apps], resources: [deployments], verbs: [create, delete, get, list, patch, update]}
{{- end }}
{{- if and .jobs (eq (include "podlane.look" (list .out.kubernetes "pod_disruption_budget")) "true") }}
- {apiGroups: [policy], resources: [poddisruptionbudgets], verbs: [create]}
{{- end }}
{{- if .class }}
- {apiGroups: [scheduling.k8s.io], resources: [priorityclasses], verbs: [create, get]}
{{- end }}
{{- end }}

{{/* `rbac.rules`, with the official chart's meaning of what a rule leaves out. */}}
{{- define "podlane.moreRules" -}}
{{- range .Values.rbac.rules }}
- apiGroups: {{ default (list "") .apiGroups | toJson }}
  resources: {{ default (list "*") .resources | toJson }}
  verbs: {{ default (list "*") .verbs | toJson }}
  {{- with .resourceNames }}
  resourceNames: {{ toJson . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* (list ROOT "Role" NAME NAMESPACE): the binding of the manager's account. */}}
{{- define "podlane.binding" -}}
{{- $root := index . 0 -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ index . 1 }}Binding
metadata:
  name: {{ index . 2 }}
  {{- with index . 3 }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "podlane.labels" $root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ index . 1 }}
  name: {{ index . 2 }}
subjects:
  - kind: ServiceAccount
    name: {{ include "podlane.account" $root }}
    namespace: {{ $root.Release.Namespace }}
{{- end }}
