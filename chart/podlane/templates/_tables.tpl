{{/* Keys of a TOML table, which gitlab-runner and podlane read without regard to case. */}}

{{/* (list TABLE "key"): the key as the table writes it, else as given. */}}
{{- define "podlane.spelt" -}}
{{- $wanted := index . 1 -}}{{- $found := $wanted -}}
{{- range $key, $_ := index . 0 -}}
{{- if eq (lower $key) (lower $wanted) -}}{{- $found = $key -}}{{- end -}}
{{- end -}}
{{- $found -}}
{{- end }}

{{/* (list TABLE "a.b.c"): the value, as JSON; nothing when there is none. */}}
{{- define "podlane.look" -}}
{{- $at := index . 0 -}}{{- $is := true -}}
{{- range splitList "." (index . 1) -}}
{{- if $is -}}
{{- $is = kindIs "map" $at -}}
{{- if $is -}}
{{- $key := include "podlane.spelt" (list $at .) -}}
{{- $is = hasKey $at $key -}}
{{- if $is -}}{{- $at = get $at $key -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and $is (not (kindIs "invalid" $at)) -}}{{- toJson $at -}}{{- end -}}
{{- end }}

{{/* (list TABLE "a.b.c" VALUE): writes it there; (list TABLE "a.b.c" VALUE "fill"): only where there
     is nothing, or nothing in it. */}}
{{- define "podlane.write" -}}
{{- $at := index . 0 -}}{{- $path := splitList "." (index . 1) -}}
{{- range initial $path -}}
{{- $key := include "podlane.spelt" (list $at .) -}}
{{- if not (kindIs "map" (get $at $key)) -}}{{- $_ := set $at $key dict -}}{{- end -}}
{{- $at = get $at $key -}}
{{- end -}}
{{- $key := include "podlane.spelt" (list $at (last $path)) -}}
{{- if or (lt (len .) 4) (not (hasKey $at $key)) (and (empty (get $at $key)) (not (kindIs "bool" (get $at $key)))) -}}
{{- $_ := unset $at $key -}}
{{- $_ := set $at (last $path) (index . 2) -}}
{{- end -}}
{{- end }}
