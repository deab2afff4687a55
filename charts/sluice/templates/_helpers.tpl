{{- define "sluice.name" -}}
{{- default .Release.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "sluice.labels" -}}
{{ include "sluice.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: sluice
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "sluice.selector" -}}
app.kubernetes.io/name: sluice-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- /* Not empty when the Prometheus operator's kinds are there. */ -}}
{{- define "sluice.monitoring" -}}
{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" -}}yes{{- end -}}
{{- end -}}

{{- define "sluice.monitoringLabels" -}}
{{ merge (include "sluice.labels" . | fromYaml) .Values.monitoring.labels | toYaml }}
{{- end -}}

{{- /* (dict "root" $ "image" .Values.image); without digest and tag the image is that of the chart's own version. */ -}}
{{- define "sluice.image" -}}
{{- with .image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ .tag | default $.root.Chart.AppVersion }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "sluice.lease" -}}{{ include "sluice.name" . }}-operator{{- end -}}
{{- define "sluice.certificate" -}}{{ include "sluice.name" . }}-progress-tls{{- end -}}

{{- define "sluice.settings" -}}
chartVersion: {{ .Chart.AppVersion | quote }}
trainerImage: {{ include "sluice.image" (dict "root" . "image" .Values.trainerImage) | quote }}
operatorNamespace: {{ .Release.Namespace | quote }}
leaseName: {{ include "sluice.lease" . | quote }}
certificateName: {{ include "sluice.certificate" . | quote }}
progressUrl: {{ printf "https://%s.%s.svc:8443/progress" (include "sluice.name" .) .Release.Namespace | quote }}
watchNamespaces: {{ toJson .Values.watchNamespaces }}
decisionsVerified: {{ .Values.policies.enabled }}
gatesForEdit: {{ .Values.roles.gatesForEdit }}
workers: {{ .Values.operator.workers }}
resyncSeconds: {{ .Values.operator.resyncSeconds }}
leaseSeconds: {{ .Values.operator.leaseSeconds }}
leaseRenewSeconds: {{ .Values.operator.leaseRenewSeconds }}
leaseRetrySeconds: {{ .Values.operator.leaseRetrySeconds }}
compute:
  {{- toYaml .Values.profiles.compute | nindent 2 }}
storage:
  {{- toYaml .Values.profiles.storage | nindent 2 }}
serving:
  {{- toYaml .Values.profiles.serving | nindent 2 }}
{{- end -}}
