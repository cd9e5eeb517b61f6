package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// otherDefaults names types of former versions that are filled in otherwise than today's type of the same shape.
var otherDefaults = map[string]bool{
	"apps.v1beta1.Deployment":                                 true,
	"apps.v1beta1.StatefulSet":                                true,
	"admissionregistration.v1alpha1.ParamRef":                 true,
	"admissionregistration.v1beta1.MutatingWebhook":           true,
	"admissionregistration.v1beta1.ValidatingWebhook":         true,
	"certificates.v1beta1.CertificateSigningRequestCondition": true,
	"certificates.v1beta1.CertificateSigningRequestSpec":      true,
	"extensions.v1beta1.DaemonSet":                            true,
	"extensions.v1beta1.Deployment":                           true,
	"extensions.v1beta1.NetworkPolicyPort":                    true,
	"extensions.v1beta1.ReplicaSet":                           true,
	"networking.v1beta1.IngressClassParametersReference":      true,
}

// declared is what client-go's schema for apply configurations says of types: how lists merge, and defaults.
type declared struct {
	Types []struct {
		Name string
		Map  struct {
			Fields              []declaredField
			ElementRelationship string
		}
	}
}

type declaredField struct {
	Name    string
	Default any
	Type    struct {
		ElementRelationship string
		List                struct {
			ElementRelationship string
			Keys                []string
		}
		Map struct {
			ElementRelationship string
		}
	}
}

type former struct {
	fields map[string]map[string]declaredField
	atomic map[string]bool
	// lines holds the types that have no like today, by name; names what stands for each type.
	lines map[string]map[string]any
	names map[reflect.Type]string
}

// printFormer prints the kinds that client-go knows in versions which no server has any more, or not by default, and those of their
// types that are not like today's: crates/schema/data/former.json.
func printFormer(out io.Writer, scheme *runtime.Scheme) {
	f := former{map[string]map[string]declaredField{}, map[string]bool{}, map[string]map[string]any{}, map[reflect.Type]string{}}
	f.readDeclared()
	current := map[string]reflect.Type{}
	for _, t := range scheme.AllKnownTypes() {
		collectTypes(t, current)
	}
	kinds := map[string]map[string]string{}
	for gvk, t := range scheme.AllKnownTypes() {
		local := strings.Contains(t.PkgPath(), "/"+gvk.Version)
		if !isFormer(gvk.Version) || !local || strings.HasSuffix(gvk.Kind, "List") {
			continue
		}
		group := gvk.GroupVersion().String()
		if kinds[group] == nil {
			kinds[group] = map[string]string{}
		}
		kinds[group][gvk.Kind] = f.name(t, current)
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, name := range sorted(f.lines) {
		must(encoder.Encode(f.lines[name]))
	}
	for _, group := range sorted(kinds) {
		must(encoder.Encode(map[string]any{"gv": group, "k": kinds[group]}))
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func sorted[T any](of map[string]T) []string {
	var keys []string
	for key := range of {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func isFormer(version string) bool {
	return strings.Contains(version, "alpha") || strings.Contains(version, "beta")
}

func (f *former) readDeclared() {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/client-go").Output()
	must(err)
	path := filepath.Join(strings.TrimSpace(string(dir)), "applyconfigurations/internal/internal.go")
	source, err := os.ReadFile(path)
	must(err)
	_, text, _ := strings.Cut(string(source), "YAMLObject(`")
	text, _, _ = strings.Cut(text, "`")
	var all declared
	must(yaml.Unmarshal([]byte(text), &all))
	for _, t := range all.Types {
		f.atomic[t.Name] = t.Map.ElementRelationship == "atomic"
		f.fields[t.Name] = map[string]declaredField{}
		for _, field := range t.Map.Fields {
			f.fields[t.Name][field.Name] = field
		}
	}
}

// collectTypes finds every struct, by its name without the host: apps.v1.Deployment.
func collectTypes(t reflect.Type, into map[string]reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		collectTypes(t.Elem(), into)
	case reflect.Struct:
		name := shortName(t)
		if _, ok := into[name]; ok || t.Name() == "" {
			return
		}
		into[name] = t
		for i := 0; i < t.NumField(); i++ {
			collectTypes(t.Field(i).Type, into)
		}
	}
}

func shortName(t reflect.Type) string {
	return strings.TrimPrefix(modelName(t), "io.k8s.api.")
}

// fileName is a type's name in types.json.
func fileName(t reflect.Type) string {
	name := modelName(t)
	if short, ok := strings.CutPrefix(name, "io.k8s.api."); ok {
		return "." + short
	}
	return name
}

// candidates names what today's type of a former one may be.
func candidates(name string) []string {
	parts := strings.Split(name, ".")
	kind := parts[len(parts)-1]
	groups := []string{parts[0]}
	if parts[0] == "extensions" {
		groups = []string{"apps", "networking"}
	}
	var out []string
	for _, group := range groups {
		out = append(out, group+".v1."+kind, group+".v2."+kind)
	}
	return out
}

// name returns what stands for a type: its own name if that is in types.json, else today's type of one shape, else its own.
func (f *former) name(t reflect.Type, current map[string]reflect.Type) string {
	if name, ok := f.names[t]; ok {
		return name
	}
	own := fileName(t)
	f.names[t] = own
	parts := strings.Split(t.PkgPath(), "/")
	if !isFormer(parts[len(parts)-1]) {
		return own
	}
	line := f.line(t, current)
	if !otherDefaults[shortName(t)] {
		for _, candidate := range candidates(shortName(t)) {
			if now, ok := current[candidate]; ok && sameShape(line, f.line(now, current)) {
				f.names[t] = fileName(now)
				return f.names[t]
			}
		}
	}
	f.lines[own] = line
	return own
}

func sameShape(a, b map[string]any) bool {
	x, err := json.Marshal([]any{a["f"], a["a"]})
	must(err)
	y, err := json.Marshal([]any{b["f"], b["a"]})
	must(err)
	return string(x) == string(y)
}

// line describes a struct as a line of types.json, without what only validation asks for.
func (f *former) line(t reflect.Type, current map[string]reflect.Type) map[string]any {
	fields := map[string]any{}
	f.addFields(t, f.fields[modelName(t)], fields, current)
	line := map[string]any{"n": fileName(t), "f": fields}
	if f.atomic[modelName(t)] {
		line["a"] = 1
	}
	return line
}

func (f *former) addFields(t reflect.Type, said map[string]declaredField, fields map[string]any, current map[string]reflect.Type) {
	for i := 0; i < t.NumField(); i++ {
		field := t.Field(i)
		tag := strings.Split(field.Tag.Get("json"), ",")
		if field.Anonymous && tag[0] == "" {
			f.addFields(field.Type, said, fields, current)
			continue
		}
		if tag[0] == "" || tag[0] == "-" {
			continue
		}
		out := map[string]any{"g": class(field, tag[1:])}
		declared := said[tag[0]]
		out["t"] = f.shape(field.Type, declared, current)
		if declared.Default != nil {
			out["d"] = declared.Default
		}
		for key, name := range map[string]string{"patchStrategy": "p", "patchMergeKey": "k"} {
			if value := field.Tag.Get(key); value != "" {
				out[name] = value
			}
		}
		fields[tag[0]] = out
	}
}

func (f *former) shape(t reflect.Type, said declaredField, current map[string]reflect.Type) any {
	switch t.Kind() {
	case reflect.Pointer:
		return f.shape(t.Elem(), said, current)
	case reflect.Struct:
		name := "@" + f.name(t, current)
		if said.Type.ElementRelationship == "atomic" {
			return map[string]any{"o": name, "a": 1}
		}
		return name
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "byte"
		}
		out := map[string]any{"l": f.shape(t.Elem(), declaredField{}, current)}
		if said.Type.List.ElementRelationship == "associative" {
			out["y"] = "set"
			if len(said.Type.List.Keys) > 0 {
				out["y"], out["k"] = "map", said.Type.List.Keys
			}
		}
		return out
	case reflect.Map:
		out := map[string]any{"m": f.shape(t.Elem(), declaredField{}, current)}
		if said.Type.Map.ElementRelationship == "atomic" {
			out["a"] = 1
		}
		return out
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Float64:
		return "double"
	case reflect.Int64, reflect.Int:
		return "int64"
	case reflect.Int32, reflect.Uint32, reflect.Int16, reflect.Uint16, reflect.Int8, reflect.Uint8:
		return "int32"
	}
	panic("no shape for " + t.String())
}
