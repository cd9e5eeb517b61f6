// Command shapes prints how Go writes the API server's internal types as JSON, which is how messages of the server show
// them. `cargo xtask schema --go` runs it; its output is crates/schema/data/shapes.json.
//
// One line a type: [name, [[shown name, JSON key, kind], ...]]. Kinds: s text, i number, b bool, y bytes, q quantity,
// m number or text, t time, ? anything; *K may be null, [K list, {K map, else the name of a type. An empty shown name
// is a type written in place. A shown name with ? is left out when empty. A key with ^ is one of the parent's.
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"sort"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/kubernetes/pkg/apis/admissionregistration"
	"k8s.io/kubernetes/pkg/apis/apps"
	"k8s.io/kubernetes/pkg/apis/autoscaling"
	"k8s.io/kubernetes/pkg/apis/batch"
	"k8s.io/kubernetes/pkg/apis/coordination"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/apis/discovery"
	"k8s.io/kubernetes/pkg/apis/flowcontrol"
	"k8s.io/kubernetes/pkg/apis/networking"
	"k8s.io/kubernetes/pkg/apis/policy"
	"k8s.io/kubernetes/pkg/apis/rbac"
	resourceapi "k8s.io/kubernetes/pkg/apis/resource"
	"k8s.io/kubernetes/pkg/apis/scheduling"
	"k8s.io/kubernetes/pkg/apis/storage"
)

// pairs are internal types to start from, each with the type that clients write.
var pairs = [][2]reflect.Type{
	{reflect.TypeFor[core.PodTemplateSpec](), reflect.TypeFor[corev1.PodTemplateSpec]()},
	{reflect.TypeFor[core.PersistentVolumeClaimSpec](), reflect.TypeFor[corev1.PersistentVolumeClaimSpec]()},
	{reflect.TypeFor[core.PersistentVolumeSpec](), reflect.TypeFor[corev1.PersistentVolumeSpec]()},
	{reflect.TypeFor[core.ResourceQuotaSpec](), reflect.TypeFor[corev1.ResourceQuotaSpec]()},
	{reflect.TypeFor[core.ServiceSpec](), reflect.TypeFor[corev1.ServiceSpec]()},
	{reflect.TypeFor[core.Taint](), reflect.TypeFor[corev1.Taint]()},
	{reflect.TypeFor[apps.DeploymentStrategy](), reflect.TypeFor[appsv1.DeploymentStrategy]()},
	{reflect.TypeFor[apps.DaemonSetUpdateStrategy](), reflect.TypeFor[appsv1.DaemonSetUpdateStrategy]()},
	{reflect.TypeFor[apps.StatefulSetUpdateStrategy](), reflect.TypeFor[appsv1.StatefulSetUpdateStrategy]()},
	{reflect.TypeFor[batch.JobSpec](), reflect.TypeFor[batchv1.JobSpec]()},
	{reflect.TypeFor[networking.IngressSpec](), reflect.TypeFor[networkingv1.IngressSpec]()},
	{reflect.TypeFor[policy.PodDisruptionBudgetSpec](), reflect.TypeFor[policyv1.PodDisruptionBudgetSpec]()},
	{reflect.TypeFor[rbac.RoleRef](), reflect.TypeFor[rbacv1.RoleRef]()},
	{reflect.TypeFor[resourceapi.ResourceClaimTemplateSpec](), reflect.TypeFor[resourcev1.ResourceClaimTemplateSpec]()},
	{reflect.TypeFor[resourceapi.ResourceSliceSpec](), reflect.TypeFor[resourcev1.ResourceSliceSpec]()},
	{reflect.TypeFor[scheduling.PriorityClass](), reflect.TypeFor[schedulingv1.PriorityClass]()},
	{reflect.TypeFor[storage.VolumeAttachmentSpec](), reflect.TypeFor[storagev1.VolumeAttachmentSpec]()},
	{reflect.TypeFor[storage.CSINodeSpec](), reflect.TypeFor[storagev1.CSINodeSpec]()},
	{reflect.TypeFor[storage.CSIDriverSpec](), reflect.TypeFor[storagev1.CSIDriverSpec]()},
	{reflect.TypeFor[storage.StorageClass](), reflect.TypeFor[storagev1.StorageClass]()},
	{reflect.TypeFor[storage.VolumeAttributesClass](), reflect.TypeFor[storagev1.VolumeAttributesClass]()},
	{reflect.TypeFor[admissionregistration.ValidatingAdmissionPolicySpec](), reflect.TypeFor[admissionregistrationv1.ValidatingAdmissionPolicySpec]()},
	{reflect.TypeFor[admissionregistration.ValidatingAdmissionPolicyBindingSpec](), reflect.TypeFor[admissionregistrationv1.ValidatingAdmissionPolicyBindingSpec]()},
	{reflect.TypeFor[admissionregistration.MutatingAdmissionPolicySpec](), reflect.TypeFor[admissionregistrationv1.MutatingAdmissionPolicySpec]()},
	{reflect.TypeFor[admissionregistration.MutatingAdmissionPolicyBindingSpec](), reflect.TypeFor[admissionregistrationv1.MutatingAdmissionPolicyBindingSpec]()},
	{reflect.TypeFor[apiextensions.CustomResourceDefinitionVersion](), reflect.TypeFor[apiextensionsv1.CustomResourceDefinitionVersion]()},
	{reflect.TypeFor[autoscaling.HorizontalPodAutoscalerSpec](), reflect.TypeFor[autoscalingv2.HorizontalPodAutoscalerSpec]()},
	{reflect.TypeFor[coordination.LeaseSpec](), reflect.TypeFor[coordinationv1.LeaseSpec]()},
	{reflect.TypeFor[discovery.EndpointSlice](), reflect.TypeFor[discoveryv1.EndpointSlice]()},
	{reflect.TypeFor[flowcontrol.FlowSchemaSpec](), reflect.TypeFor[flowcontrolv1.FlowSchemaSpec]()},
	{reflect.TypeFor[flowcontrol.PriorityLevelConfigurationSpec](), reflect.TypeFor[flowcontrolv1.PriorityLevelConfigurationSpec]()},
	{reflect.TypeFor[networking.NetworkPolicySpec](), reflect.TypeFor[networkingv1.NetworkPolicySpec]()},
	{reflect.TypeFor[networking.IPAddressSpec](), reflect.TypeFor[networkingv1.IPAddressSpec]()},
	{reflect.TypeFor[networking.IngressClassSpec](), reflect.TypeFor[networkingv1.IngressClassSpec]()},
	{reflect.TypeFor[resourceapi.DeviceClassSpec](), reflect.TypeFor[resourcev1.DeviceClassSpec]()},
}

var seen = map[string][][3]string{}

func name(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	last := parts[len(parts)-1]
	if last == "v1" {
		last = parts[len(parts)-2]
	}
	return last + "." + t.Name()
}

func elem(t reflect.Type) reflect.Type {
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return t.Elem()
	}
	return nil
}

func kind(t, versioned reflect.Type) string {
	switch t {
	case reflect.TypeFor[resource.Quantity]():
		return "q"
	case reflect.TypeFor[intstr.IntOrString]():
		return "m"
	case reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime]():
		return "t"
	}
	inner := versioned
	if versioned != nil && versioned.Kind() == reflect.Pointer && t.Kind() != reflect.Pointer {
		inner = versioned.Elem()
	}
	switch t.Kind() {
	case reflect.Pointer:
		if versioned != nil && versioned.Kind() == reflect.Pointer {
			return "*" + kind(t.Elem(), versioned.Elem())
		}
		return "*" + kind(t.Elem(), versioned)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "y"
		}
		return "[" + kind(t.Elem(), elem(inner))
	case reflect.Map:
		return "{" + kind(t.Elem(), elem(inner))
	case reflect.String:
		return "s"
	case reflect.Bool:
		return "b"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32, reflect.Uint64, reflect.Float64:
		return "i"
	case reflect.Struct:
		walk(t, inner)
		return name(t)
	}
	return "?"
}

func field(t reflect.Type, name string) (reflect.StructField, bool) {
	if t == nil || t.Kind() != reflect.Struct {
		return reflect.StructField{}, false
	}
	return t.FieldByName(name)
}

func walk(t, versioned reflect.Type) {
	id := name(t)
	if _, ok := seen[id]; ok {
		return
	}
	fields := [][3]string{}
	seen[id] = fields
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		shown := f.Name
		tag := strings.Split(f.Tag.Get("json"), ",")
		if tag[0] == "-" {
			continue
		}
		if tag[0] != "" {
			shown = tag[0]
			if strings.Contains(f.Tag.Get("json"), "omit") {
				shown += "?"
			}
		}
		if f.Anonymous && tag[0] == "" {
			other, ok := field(versioned, f.Name)
			inner := versioned
			key := ""
			if ok {
				inner = other.Type
				key = strings.Split(other.Tag.Get("json"), ",")[0]
			}
			fields = append(fields, [3]string{"", key, kind(f.Type, inner)})
			continue
		}
		key := "^" + strings.ToLower(f.Name[:1]) + f.Name[1:]
		var inner reflect.Type
		if other, ok := field(versioned, f.Name); ok {
			key = strings.Split(other.Tag.Get("json"), ",")[0]
			inner = other.Type
		}
		switch f.Name {
		case "HostPID", "HostIPC":
			key = "^h" + f.Name[1:]
		}
		fields = append(fields, [3]string{shown, key, kind(f.Type, inner)})
	}
	seen[id] = fields
}

func main() {
	for _, pair := range pairs {
		walk(pair[0], pair[1])
	}
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	sort.Strings(names)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for _, n := range names {
		if err := out.Encode([]any{n, seen[n]}); err != nil {
			panic(err)
		}
	}
}
