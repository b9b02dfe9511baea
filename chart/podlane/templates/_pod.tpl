{{/* The parts of the manager's pod. The first argument is (dict "root" . "out" BUILT). */}}

{{/* No secret is in it: those are files. */}}
{{- define "podlane.env" -}}
{{- $root := .root -}}{{- $out := .out -}}{{- $values := $root.Values -}}
{{- $own := include "podlane.fullname" $root -}}
{{- $place := printf "%s/%s" $root.Release.Namespace $own -}}
- {name: CONFIG_FILE, value: /etc/podlane/config.toml}
- {name: LISTEN_ADDRESS, value: ":{{ int $values.metrics.port }}"}
- {name: PODLANE_IMAGE, value: {{ include "podlane.image" $root | quote }}}
- {name: PODLANE_INSTALLATION, value: {{ include "podlane.installation" $root | quote }}}
- {name: PODLANE_SECRETS, value: /etc/podlane-secrets}
{{- if hasKey $out.secrets "PODLANE_TOKEN_1" }}
- {name: PODLANE_TOKEN_SECRET, value: {{ $place | quote }}}
{{- end }}
- {name: PODLANE_SYSTEM_ID, value: r_{{ printf "%s\n%s" $place (default "" $out.secrets.PODLANE_TOKEN_1) | sha256sum | trunc 12 }}}
{{- if include "podlane.isMany" $root }}
- {name: PODLANE_REPLICAS, value: {{ include "podlane.most" $root | quote }}}
- {name: PODLANE_NAMESPACE, value: {{ $root.Release.Namespace | quote }}}
- name: PODLANE_POD
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- end }}
{{- if $values.certsSecretName }}
- {name: PODLANE_CERTIFICATES, value: /etc/podlane-certificates}
{{- end }}
{{- if $values.certificatesInJobs }}
- {name: PODLANE_CERTIFICATES_IN_JOBS, value: "1"}
{{- end }}
{{- if include "podlane.hasKeyFile" . }}
- {name: GOOGLE_APPLICATION_CREDENTIALS, value: /secrets/gcs-application-credentials-file}
{{- end }}
{{- if $values.sentryDsn }}
- name: SENTRY_DSN
  valueFrom: {secretKeyRef: {name: {{ $own }}, key: SENTRY_DSN}}
{{- end }}
{{- with $values.envVars }}
{{ toYaml . }}
{{- end }}
{{- range $name, $value := $values.extraEnv }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- range $name, $from := $values.extraEnvFrom }}
- name: {{ $name }}
  valueFrom:
    {{- toYaml $from | nindent 4 }}
{{- end }}
{{- end }}

{{/* Whether Google's key file may be in the Secret of the cache. */}}
{{- define "podlane.hasKeyFile" -}}
{{- if and .root.Values.runners.cache.secretName (eq (include "podlane.look" (list .out.runner "cache.Type")) "\"gcs\"") -}}
{{- if has (include "podlane.look" (list .out.runner "cache.gcs.CredentialsFile")) (list "" "\"\"") -}}yes{{- end -}}
{{- end -}}
{{- end }}

{{/* Whether some of it is done by the account of the pod. */}}
{{- define "podlane.needsAccount" -}}
{{- if or .out.rotates (include "podlane.isMany" .root) (has (include "podlane.look" (list .out.runner "kubernetes.host")) (list "" "\"\"")) -}}yes{{- end -}}
{{- end }}

{{- define "podlane.volumes" -}}
{{- $root := .root -}}{{- $values := $root.Values -}}
{{- $own := include "podlane.fullname" $root -}}
- name: config
  configMap: {name: {{ $own }}}
- name: secrets
  {{- if or $values.runners.secret $values.runners.cache.secretName }}
  projected:
    defaultMode: 0440
    sources:
      - secret: {name: {{ $own }}}
      {{- if eq (include "podlane.look" (list .out.runner "token")) "\"$PODLANE_TOKEN_1\"" }}
      {{- if not (hasKey .out.secrets "PODLANE_TOKEN_1") }}
      - secret:
          name: {{ $values.runners.secret }}
          items: [{key: runner-token, path: PODLANE_TOKEN_1}]
      {{- end }}
      {{- end }}
      {{- if $values.runners.cache.secretName }}
      {{- $type := include "podlane.look" (list .out.runner "cache.Type") | replace "\"" "" }}
      {{- with get (fromYaml (include "podlane.cacheSecret" $root)) $type }}
      - secret:
          name: {{ $values.runners.cache.secretName }}
          optional: true
          items:
            {{- range $path, $key := . }}
            - {key: {{ $key }}, path: {{ include "podlane.reference" (printf "cache.%s" $path) }}}
            {{- end }}
      {{- end }}
      {{- end }}
  {{- else }}
  secret: {secretName: {{ $own }}, defaultMode: 0440}
  {{- end }}
- name: tmp
  emptyDir: {}
{{- with $values.certsSecretName }}
- name: certificates
  secret: {secretName: {{ . }}}
{{- end }}
{{- if or $values.secrets (include "podlane.hasKeyFile" .) }}
- name: more-secrets
  projected:
    sources:
      {{- range $values.secrets }}
      - secret:
          {{- toYaml . | nindent 10 }}
      {{- end }}
      {{- if include "podlane.hasKeyFile" . }}
      - secret: {name: {{ $values.runners.cache.secretName }}, optional: true}
      {{- end }}
{{- end }}
{{- if include "podlane.needsAccount" . }}
- name: account
  projected:
    sources:
      - serviceAccountToken: {path: token, expirationSeconds: 3607}
      - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
      - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
{{- end }}
{{- with $values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "podlane.mounts" -}}
{{- $values := .root.Values -}}
- {name: config, mountPath: /etc/podlane, readOnly: true}
{{- if or $values.configMaps $values.preEntrypointScript }}
- {name: config, mountPath: /configmaps, readOnly: true}
{{- end }}
- {name: secrets, mountPath: /etc/podlane-secrets, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- if $values.certsSecretName }}
- {name: certificates, mountPath: /etc/podlane-certificates, readOnly: true}
{{- end }}
{{- if or $values.secrets (include "podlane.hasKeyFile" .) }}
- {name: more-secrets, mountPath: /secrets, readOnly: true}
{{- end }}
{{- if include "podlane.needsAccount" . }}
- {name: account, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
{{- end }}
{{- with $values.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* (list ROOT "live" PROBE) */}}
{{- define "podlane.probe" -}}
{{- $values := (index . 0).Values -}}
{{- $asked := dict "httpGet" (dict "path" (printf "/health/%s" (index . 1)) "port" $values.metrics.portName) -}}
{{- $times := dict "timeoutSeconds" (int (default 5 $values.probeTimeoutSeconds)) -}}
{{- mergeOverwrite $asked $times (default dict (index . 2)) | toYaml -}}
{{- end }}
