// Command gofacts prints what OpenAPI does not say about the built-in types: how each field is written when it is
// empty. `cargo xtask schema --go` runs it; its output is crates/schema/data/go.json. With the argument protobuf it prints
// how the types are encoded as protobuf messages: crates/devcluster/data/messages.txt; with former, the kinds of former versions.
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"sort"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

var marshaler = reflect.TypeFor[json.Marshaler]()

var seen = map[string]map[string]string{}

// modelName is the name of a Go type in the OpenAPI documents.
func modelName(t reflect.Type) string {
	path := strings.Split(t.PkgPath(), "/")
	host := strings.Split(path[0], ".")
	for i, j := 0, len(host)-1; i < j; i, j = i+1, j-1 {
		host[i], host[j] = host[j], host[i]
	}
	return strings.Join(append(host, path[1:]...), ".") + "." + t.Name()
}

// class says how a field is written when it is empty: p absent when nil, c absent when empty (lists, maps), z absent
// when zero, s always (a struct by value), r always (null or zero), o absent when zero (a struct by value).
func class(f reflect.StructField, options []string) string {
	has := func(want string) bool {
		for _, o := range options {
			if o == want {
				return true
			}
		}
		return false
	}
	kind := f.Type.Kind()
	switch {
	case has("omitzero") && kind == reflect.Struct:
		return "o"
	case kind == reflect.Struct:
		return "s"
	case !has("omitempty") && !has("omitzero"):
		return "r"
	case kind == reflect.Pointer || kind == reflect.Interface:
		return "p"
	case kind == reflect.Slice || kind == reflect.Map:
		return "c"
	default:
		return "z"
	}
}

func walk(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		walk(t.Elem())
		return
	case reflect.Map:
		walk(t.Elem())
		return
	case reflect.Struct:
	default:
		return
	}
	if t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler) {
		return
	}
	name := modelName(t)
	if _, ok := seen[name]; ok || t.Name() == "" {
		return
	}
	fields := map[string]string{}
	seen[name] = fields
	collect(t, fields)
}

func collect(t reflect.Type, fields map[string]string) {
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		tag := strings.Split(f.Tag.Get("json"), ",")
		if f.Anonymous && tag[0] == "" {
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			collect(inner, fields)
			continue
		}
		if tag[0] == "" || tag[0] == "-" {
			continue
		}
		fields[tag[0]] = class(f, tag[1:])
		walk(f.Type)
	}
}

func main() {
	extra := runtime.NewScheme()
	if err := apiextensions.AddToScheme(extra); err != nil {
		panic(err)
	}
	if err := apiregistration.AddToScheme(extra); err != nil {
		panic(err)
	}
	schemes := []*runtime.Scheme{scheme.Scheme, extra}
	if len(os.Args) > 1 && os.Args[1] == "protobuf" {
		printMessages(os.Stdout, schemes)
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "former" {
		printFormer(os.Stdout, scheme.Scheme)
		return
	}
	for _, s := range schemes {
		for _, t := range s.AllKnownTypes() {
			walk(t)
		}
	}
	walk(reflect.TypeFor[metav1.Status]())
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	sort.Strings(names)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for _, name := range names {
		if len(seen[name]) == 0 || strings.Contains(name, "alpha") || strings.Contains(name, "beta") {
			continue
		}
		if err := out.Encode(map[string]any{"type": name, "fields": seen[name]}); err != nil {
			panic(err)
		}
	}
}
