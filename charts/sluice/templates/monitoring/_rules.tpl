{{/* The groups of rules as Prometheus reads them from a file; a PrometheusRule has the same as its spec. */}}
{{- define "sluice.ruleGroups" -}}
{{- $rules := .Values.monitoring.rules }}
{{- $alerts := .Files.Get "files/rules/alerts.yaml" | replace "<namespace>" .Release.Namespace }}
{{- $deadline := mul 3 .Values.operator.resyncSeconds | toString }}
{{- $alerts = $alerts | replace "<resyncDeadlineSeconds>" $deadline }}
{{- range $name, $seconds := $rules.thresholds }}
{{- $alerts = $alerts | replace (printf "<%s>" $name) ($seconds | int64 | toString) }}
{{- end }}
groups:
  - name: sluice.alerts
    rules:
      {{- range $alerts | fromYamlArray }}
      {{- if not (has .alert $rules.disabled) }}
      {{- $_ := set .annotations "runbook_url" (printf "%s/%s.md" (trimSuffix "/" $rules.runbooks) .alert) }}
      {{- $_ := set . "labels" (merge .labels $rules.labels) }}
      {{- list . | toYaml | nindent 6 }}
      {{- end }}
      {{- end }}
  - name: sluice.serving
    rules:
      {{- .Files.Get "files/rules/serving.yaml" | fromYamlArray | toYaml | nindent 6 }}
{{- end -}}
