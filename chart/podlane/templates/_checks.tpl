{{/* Refusals, each with what to do instead; and what is accepted without effect, which NOTES say. */}}

{{- define "podlane.check" -}}
{{- if and .Values.runnerRegistrationToken (not (hasPrefix "glrt-" .Values.runnerRegistrationToken)) -}}
{{- fail "`runnerRegistrationToken` is a registration token of old, which would make another runner at each start. Make a runner in GitLab, or run `podlane register` once, and give its authentication token (glrt-…) as `runnerToken`" -}}
{{- end -}}
{{- if and .Values.runners.executor (ne .Values.runners.executor "kubernetes") -}}
{{- fail (printf "`runners.executor` is %s: podlane runs jobs on Kubernetes only; take the value out" .Values.runners.executor) -}}
{{- end -}}
{{- if regexMatch "(^|/)gitlab-runner([:@]|$)" (include "podlane.image" .) -}}
{{- fail (printf "`image` is %s, gitlab-runner's own: take it out, or name podlane's image" (include "podlane.image" .)) -}}
{{- end -}}
{{- if and (not (kindIs "invalid" .Values.replicas)) (lt (int .Values.replicas) 0) -}}
{{- fail "`replicas` must be 0 or more" -}}
{{- end -}}
{{- $root := . -}}
{{- range .Files.Get "files/values.yaml" | fromYamlArray -}}
{{- if and (eq .verdict "refused") (include "podlane.given" (list $root .value)) -}}
{{- fail (printf "`%s` is refused: %s" .value .says) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* (list ROOT "a.b"): something when the value is set, and not to nothing. */}}
{{- define "podlane.given" -}}
{{- $found := include "podlane.look" (list (index . 0).Values (index . 1)) -}}
{{- if not (has $found (list "" "null" "\"\"" "false" "0" "[]" "{}")) -}}{{- $found -}}{{- end -}}
{{- end }}

{{/* The values that are set and ignored, one line each. A map is ignored by its `enabled`, if it has one. */}}
{{- define "podlane.ignored" -}}
{{- $root := . -}}
{{- range .Files.Get "files/values.yaml" | fromYamlArray -}}
{{- if and (eq .verdict "ignored") (not (hasPrefix "see " .says)) (include "podlane.given" (list $root .value)) -}}
{{- $found := include "podlane.look" (list $root.Values .value) | printf `{"it":%s}` | fromJson -}}
{{- if not (and (kindIs "map" $found.it) (hasKey $found.it "enabled") (not $found.it.enabled)) }}
  {{ .value }}: {{ .says }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
