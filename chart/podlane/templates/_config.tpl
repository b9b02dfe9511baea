{{/* config.toml out of the values and `runners.config`, and the secrets that it names.

     podlane.build (dict "root" . "out" DICT) fills DICT: `toml`, the text without a secret; `secrets`, by
     name; `runner`, the [[runners]] table; `rotates`, whether the manager exchanges its token. */}}

{{- define "podlane.build" -}}
{{- $root := .root -}}{{- $out := .out -}}
{{- include "podlane.check" $root -}}
{{- $file := dict -}}
{{- include "podlane.read" (dict "root" $root "file" $file) -}}
{{- $runner := first $file.runners -}}
{{- include "podlane.fill" (dict "root" $root "runner" $runner) -}}
{{- include "podlane.identify" (dict "root" $root "runner" $runner) -}}
{{- include "podlane.cacheKeys" (dict "root" $root "runner" $runner) -}}
{{- include "podlane.globals" (dict "root" $root "file" $file) -}}
{{- $secrets := dict -}}
{{- include "podlane.takeSecrets" (dict "root" $root "runner" $runner "secrets" $secrets) -}}
{{- $rotation := include "podlane.look" (list $runner "feature_flags.FF_DISABLE_AUTOMATIC_TOKEN_ROTATION") -}}
{{- $_ := set $out "rotates" (and (include "podlane.look" (list $runner "token_expires_at")) (ne $rotation "true")) -}}
{{- $_ := set $out "runner" $runner -}}
{{- $_ := set $out "secrets" $secrets -}}
{{- $text := toToml $file -}}
{{- $again := fromToml $text -}}
{{- if not (hasKey $again "runners") -}}
{{- fail (printf "config.toml cannot be written from `runners.config`: %s" $text) -}}
{{- end -}}
{{- $_ := set $out "toml" $text -}}
{{- end }}

{{/* `runners.config`, parsed into `file`: one [[runners]], and whatever stands before it. */}}
{{- define "podlane.read" -}}
{{- $text := tpl (default "" .root.Values.runners.config) .root -}}
{{- $parsed := fromToml $text -}}
{{- if and (hasKey $parsed "Error") (eq (len $parsed) 1) -}}
{{- fail (printf "`runners.config` is no TOML: %s" $parsed.Error) -}}
{{- end -}}
{{- range $key, $value := $parsed -}}{{- $_ := set $.file (lower $key) $value -}}{{- end -}}
{{- $runners := default (list dict) .file.runners -}}
{{- if not (kindIs "slice" $runners) -}}
{{- fail "`runners.config` has [runners] where a runner begins: write [[runners]]" -}}
{{- end -}}
{{- if ne (len $runners) 1 -}}
{{- fail (printf "`runners.config` has %d [[runners]], and a release has one token: make a release for each, or use `podlane deploy`" (len $runners)) -}}
{{- end -}}
{{- $_ := set .file "runners" $runners -}}
{{- end }}

{{/* Values that are keys of config.toml under another name, where `runners.config` says nothing. */}}
{{- define "podlane.fill" -}}
{{- $root := .root -}}{{- $runner := .runner -}}
{{- range $root.Files.Get "files/values.yaml" | fromYamlArray -}}
{{- $found := "" -}}
{{- if .key -}}{{- $found = include "podlane.look" (list $root.Values .value) -}}{{- end -}}
{{- if not (has $found (list "" "\"\"" "[]" "{}")) -}}
{{- $value := (printf `{"it":%s}` $found | fromJson).it -}}
{{- if kindIs "float64" $value -}}{{- $value = int64 $value -}}{{- end -}}
{{- if eq (default "" .as) "amount" -}}{{- $value = toString $value -}}{{- end -}}
{{- if eq (default "" .as) "env" -}}
{{- $pairs := list -}}
{{- range $name, $text := $value -}}{{- $pairs = append $pairs (printf "%s=%v" $name $text) -}}{{- end -}}
{{- $value = $pairs -}}
{{- end -}}
{{- if eq (default "" .as) "tolerations" -}}
{{- $table := dict -}}
{{- range $value -}}
{{- $key := default "" .key -}}
{{- if eq (default "Equal" .operator) "Equal" -}}{{- $key = printf "%s=%v" $key (default "" .value) -}}{{- end -}}
{{- $_ := set $table $key (default "" .effect) -}}
{{- end -}}
{{- $value = $table -}}
{{- end -}}
{{- if kindIs "map" $value -}}
{{- range $key, $one := $value -}}
{{- if kindIs "float64" $one -}}{{- $_ := set $value $key (int64 $one) -}}{{- end -}}
{{- if kindIs "slice" $one -}}
{{- $whole := list -}}
{{- range $one -}}{{- $whole = append $whole (ternary (int64 .) . (kindIs "float64" .)) -}}{{- end -}}
{{- $_ := set $value $key $whole -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "podlane.write" (list $runner .key $value "fill") -}}
{{- end -}}
{{- end -}}
{{- include "podlane.write" (list $runner "kubernetes.namespace" $root.Release.Namespace "fill") -}}
{{- end }}

{{/* Who the runner is. */}}
{{- define "podlane.identify" -}}
{{- $values := .root.Values -}}
{{- if $values.gitlabUrl -}}{{- include "podlane.write" (list .runner "url" $values.gitlabUrl) -}}{{- end -}}
{{- if not (include "podlane.look" (list .runner "url")) -}}
{{- fail "`gitlabUrl` is needed: the address of GitLab, such as https://gitlab.example.com" -}}
{{- end -}}
{{- if $values.runners.name -}}{{- include "podlane.write" (list .runner "name" $values.runners.name) -}}{{- end -}}
{{- include "podlane.write" (list .runner "name" (include "podlane.fullname" .root) "fill") -}}
{{- include "podlane.write" (list .runner "executor" "kubernetes" "fill") -}}
{{- $token := coalesce $values.runnerToken $values.runnerRegistrationToken -}}
{{- if $token -}}
{{- include "podlane.write" (list .runner "token" $token) -}}
{{- else if $values.runners.secret -}}
{{- include "podlane.write" (list .runner "token" "$PODLANE_TOKEN_1") -}}
{{- end -}}
{{- $written := include "podlane.look" (list .runner "token") -}}
{{- if has $written (list "" "\"\"" "\"__REDACTED__\"") -}}
{{- fail "`runnerToken` is needed: the runner's authentication token (glrt-…), or in `runners.secret` the name of a Secret that has it under `runner-token`" -}}
{{- end -}}
{{- end }}

{{/* References to the keys that `runners.cache.secretName` may hold; those it lacks are empty. */}}
{{- define "podlane.cacheKeys" -}}
{{- if .root.Values.runners.cache.secretName -}}
{{- $runner := .runner -}}
{{- $type := include "podlane.look" (list $runner "cache.Type") | replace "\"" "" -}}
{{- range $path := get (fromYaml (include "podlane.cacheSecret" .root)) $type | keys -}}
{{- include "podlane.write" (list $runner (printf "cache.%s" $path) (printf "$%s" (include "podlane.reference" (printf "cache.%s" $path))) "fill") -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* By the type of the cache: key of config.toml → key of the Secret. */}}
{{- define "podlane.cacheSecret" -}}
s3: {s3.AccessKey: accesskey, s3.SecretKey: secretkey}
gcs: {gcs.AccessID: gcs-access-id, gcs.PrivateKey: gcs-private-key}
azure: {azure.AccountName: azure-account-name, azure.AccountKey: azure-account-key}
{{- end }}

{{/* "cache.s3.SecretKey" → PODLANE_CACHE_S3_SECRETKEY_1, as `podlane deploy` names it. */}}
{{- define "podlane.reference" -}}
{{- printf "PODLANE_%s_1" (. | upper | replace "." "_" | replace "-" "_") -}}
{{- end }}

{{/* The top of the file: values first, then what stands there, then the defaults. */}}
{{- define "podlane.globals" -}}
{{- $file := .file -}}{{- $values := .root.Values -}}
{{- range $key, $value := dict "concurrent" $values.concurrent "check_interval" $values.checkInterval "shutdown_timeout" $values.shutdown_timeout -}}
{{- if not (kindIs "invalid" $value) -}}{{- $_ := set $file $key (int64 $value) -}}{{- end -}}
{{- end -}}
{{- range $key, $value := dict "log_level" $values.logLevel "log_format" $values.logFormat "connection_max_age" $values.connectionMaxAge -}}
{{- if $value -}}{{- $_ := set $file $key $value -}}{{- end -}}
{{- end -}}
{{- if not (hasKey $file "concurrent") -}}{{- $_ := set $file "concurrent" 10 -}}{{- end -}}
{{- end }}

{{/* Moves each secret into `secrets`, and leaves its name. */}}
{{- define "podlane.takeSecrets" -}}
{{- $runner := .runner -}}{{- $secrets := .secrets -}}
{{- range list "token" "cache.s3.AccessKey" "cache.s3.SecretKey" "cache.s3.SessionToken" "cache.gcs.PrivateKey" "cache.azure.AccountKey" "cache.AccessKey" "cache.SecretKey" "kubernetes.bearer_token" -}}
{{- $found := include "podlane.look" (list $runner .) -}}
{{- if not (has $found (list "" "\"\"")) -}}
{{- $value := (printf `{"it":%s}` $found | fromJson).it | toString -}}
{{- $isVariable := and (eq . "token") (hasPrefix "$" $value) -}}
{{- if not (or $isVariable (hasPrefix "$PODLANE_" $value)) -}}
{{- $_ := set $secrets (include "podlane.reference" .) $value -}}
{{- include "podlane.write" (list $runner . (printf "$%s" (include "podlane.reference" .))) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if .root.Values.runners.cache.secretName -}}
{{- $type := include "podlane.look" (list $runner "cache.Type") | replace "\"" "" -}}
{{- range $path := get (fromYaml (include "podlane.cacheSecret" .root)) $type | keys -}}
{{- $name := include "podlane.reference" (printf "cache.%s" $path) -}}
{{- if not (hasKey $secrets $name) -}}{{- $_ := set $secrets $name "" -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- with .root.Values.sentryDsn -}}{{- $_ := set $secrets "SENTRY_DSN" . -}}{{- end -}}
{{- end }}
