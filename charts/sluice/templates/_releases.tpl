{{/*
Two operators in one namespace would write the same objects, and policies of one would refuse the other. Each
release notes on its ServiceAccount where it works; another that would work there too is refused. Nothing is
looked up where the release has nothing of the cluster's: who installs it may not read other namespaces.
*/}}
{{- define "sluice.checkOtherReleases" -}}
{{- $mine := .Values.watchNamespaces }}
{{- if or (not $mine) .Values.policies.enabled }}
{{- range $account := (lookup "v1" "ServiceAccount" "" "").items }}
{{- $meta := $account.metadata }}
{{- $isOperator := eq (get ($meta.labels | default dict) "app.kubernetes.io/name") "sluice-operator" }}
{{- $isThis := and (eq $meta.namespace $.Release.Namespace) (eq $meta.name (include "sluice.name" $)) }}
{{- if and $isOperator (not $isThis) }}
{{- $theirs := compact (splitList "," (get ($meta.annotations | default dict) "sluice.dev/watch-namespaces" | default "")) }}
{{- $shared := list }}
{{- range $mine }}{{- if has . $theirs }}{{- $shared = append $shared . }}{{- end }}{{- end }}
{{- if or (not $mine) (not $theirs) $shared }}
{{- $release := get $meta.labels "app.kubernetes.io/instance" }}
{{- fail (printf "release %s in namespace %s has an operator that works in %s, and this one would work in %s: they would write the same objects, and the policies of each would refuse the other. Give both releases watchNamespaces that have none in common, or uninstall one" $release $meta.namespace (join ", " $theirs | default "all namespaces") (join ", " $mine | default "all namespaces")) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
