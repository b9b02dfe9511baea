{{/* Names, labels and the image: what all objects share. */}}

{{- define "podlane.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "podlane.fullname" -}}
{{- $name := include "podlane.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* By which the manager's pods are found: they never change. */}}
{{- define "podlane.selector" -}}
app.kubernetes.io/name: podlane
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "podlane.labels" -}}
{{ include "podlane.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Of an object of the release's namespace. */}}
{{- define "podlane.metadata" -}}
name: {{ include "podlane.fullname" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "podlane.labels" . | nindent 2 }}
{{- end }}

{{- define "podlane.image" -}}
{{- if kindIs "string" .Values.image -}}
{{- .Values.image -}}
{{- else -}}
{{- with .Values.image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- default "podlane" .Values.image.image }}:{{ default .Chart.AppVersion .Values.image.tag -}}
{{- end -}}
{{- end }}

{{- define "podlane.makesAccount" -}}
{{- if kindIs "bool" .Values.serviceAccount.create -}}
{{- if .Values.serviceAccount.create }}yes{{ end -}}
{{- else if .Values.rbac.create -}}
yes
{{- else if not (or .Values.serviceAccount.name .Values.rbac.serviceAccountName) -}}
yes
{{- end -}}
{{- end }}

{{- define "podlane.account" -}}
{{- if include "podlane.makesAccount" . -}}
{{- default (include "podlane.fullname" .) (coalesce .Values.serviceAccount.name .Values.rbac.generatedServiceAccountName) -}}
{{- else -}}
{{- default "default" (coalesce .Values.serviceAccount.name .Values.rbac.serviceAccountName) -}}
{{- end -}}
{{- end }}

{{/* What the jobs' objects are told apart by; stays the same over upgrades. */}}
{{- define "podlane.installation" -}}
{{- $own := include "podlane.fullname" . -}}
{{- printf "%s-%s" (trunc 40 $own) (printf "%s/%s" .Release.Namespace $own | sha256sum | trunc 8) -}}
{{- end }}

{{/* How many managers there may be at once. */}}
{{- define "podlane.most" -}}
{{- if .Values.hpa -}}{{- int (default 1 .Values.hpa.maxReplicas) -}}{{- else -}}{{- int .Values.replicas -}}{{- end -}}
{{- end }}

{{/* The names of their Leases. */}}
{{- define "podlane.seats" -}}
{{- $names := list -}}
{{- range $number := until (int (include "podlane.most" .)) -}}
{{- $names = append $names (printf "%s-%d" (include "podlane.installation" $) $number) -}}
{{- end -}}
{{- join " " $names -}}
{{- end }}

{{/* Whether several managers may run: each has a system id by its Lease. */}}
{{- define "podlane.isMany" -}}
{{- if gt (int (include "podlane.most" .)) 1 }}yes{{ end -}}
{{- end }}
