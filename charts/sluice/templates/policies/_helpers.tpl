{{/* Parts of the admission policies. Each policy answers one question; names end in what it is about. */}}

{{/* The operator as the API server knows it. */}}
{{- define "sluice.operatorUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "sluice.name" . }}
{{- end -}}

{{/* Who may write what belongs to the operator: itself, the system's controllers, and those named in the values. */}}
{{- define "sluice.trusted" -}}
{{- $users := concat (list (include "sluice.operatorUser" .) "system:kube-controller-manager" "system:kube-scheduler") .Values.policies.trustedUsers -}}
{{- $groups := concat (list "system:serviceaccounts:kube-system" "system:nodes") .Values.policies.trustedGroups -}}
(request.userInfo.username in {{ toJson $users }} ||
(has(request.userInfo.groups) && request.userInfo.groups.exists(g, g in {{ toJson $groups }})))
{{- end -}}

{{/* Whether a map of labels, named by the argument, holds one of ours. */}}
{{- define "sluice.labelled" -}}
{{ . }}.exists(k, k.startsWith('sluice.dev/') || (k == 'app.kubernetes.io/managed-by' && {{ . }}[k] == 'sluice'))
{{- end -}}

{{/* Whether an object carried our labels before the request, or would after it. */}}
{{- define "sluice.ours" -}}
(object != null && has(object.metadata.labels) && {{ include "sluice.labelled" "object.metadata.labels" }}) ||
(oldObject != null && has(oldObject.metadata.labels) && {{ include "sluice.labelled" "oldObject.metadata.labels" }})
{{- end -}}

{{/* Rules for everything of Kubernetes that Pods are made from. */}}
{{- define "sluice.templateResources" -}}
- apiGroups: [""]
  apiVersions: [v1]
  resources: [podtemplates, replicationcontrollers]
  operations: [CREATE, UPDATE]
- apiGroups: [batch]
  apiVersions: ["*"]
  resources: [jobs, cronjobs]
  operations: [CREATE, UPDATE]
- apiGroups: [apps]
  apiVersions: ["*"]
  resources: [deployments, replicasets, statefulsets, daemonsets]
  operations: [CREATE, UPDATE]
{{- end -}}

{{/*
Items of a list: the part of the template of such an object that the argument names, wherever its kind has it.
The templates of different kinds have no common type, hence dyn.
*/}}
{{- define "sluice.ofTemplate" -}}
?dyn(object).?spec.?template.?{{ . }},
?dyn(object).?template.?{{ . }},
?dyn(object).?spec.?jobTemplate.?spec.?template.?{{ . }}
{{- end -}}

{{/* Where a policy holds: wherever the operator works, so that two operators do not refuse each other's writes. */}}
{{- define "sluice.policyScope" -}}
{{- with .Values.watchNamespaces }}
namespaceSelector:
  matchExpressions:
    - {key: kubernetes.io/metadata.name, operator: In, values: {{ toJson . }}}
{{- end }}
{{- end -}}

{{/* Name of what is written; a deletion of many has none in the request. */}}
{{- define "sluice.target" -}}
(object == null ? oldObject : object).metadata.?name.orValue('')
{{- end -}}

{{/* Name and labels of a policy and of its binding: (dict "root" $ "about" "status"). */}}
{{- define "sluice.policyMeta" -}}
name: {{ include "sluice.name" .root }}-{{ .about }}
labels:
  {{- include "sluice.labels" .root | nindent 2 }}
{{- end -}}

{{/* The binding; with "param" the policy is asked once for each parameter that has this label, "*" for each. */}}
{{- define "sluice.policyBinding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  {{- include "sluice.policyMeta" . | nindent 2 }}
spec:
  policyName: {{ include "sluice.name" .root }}-{{ .about }}
  validationActions: [Deny]
  {{- if .param }}
  paramRef:
    selector: {{ eq .param "*" | ternary "{}" (printf "{matchExpressions: [{key: %s, operator: Exists}]}" .param) }}
    parameterNotFoundAction: Allow
  {{- end }}
{{- end -}}

{{/* Says to whom a refused write is left. */}}
{{- define "sluice.leftTo" -}}
'; only its operator and the system\'s controllers may. The chart\'s values policies.trustedUsers and trustedGroups name further ones; you are ' + request.userInfo.username
{{- end -}}
