package main

import (
	"fmt"
	"io"
	"reflect"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
)

// messages holds, by type, a line of `json name=number code` words: how the type's fields are numbered and encoded.
//
// Codes: i integer, b boolean, s string, y bytes, d double, @T message T, ~ list of strings in a message of its own;
// before them * for repeated and % for maps by string. A leading ^ marks a struct whose fields stand among its owner's.
var messages = map[string]string{}

func messageName(t reflect.Type) string {
	path := strings.Split(t.PkgPath(), "/")
	if len(path) < 2 {
		return t.Name()
	}
	return path[len(path)-2] + "/" + path[len(path)-1] + "." + t.Name()
}

// code says how a value of a type is encoded; single is set where the tag says that the value is no repetition.
func code(t reflect.Type, single bool) string {
	switch t.Kind() {
	case reflect.Pointer:
		return code(t.Elem(), single)
	case reflect.String:
		return "s"
	case reflect.Bool:
		return "b"
	case reflect.Float32, reflect.Float64:
		return "d"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "y"
		}
		if single && t.Name() != "" {
			return "~"
		}
		return "*" + code(t.Elem(), true)
	case reflect.Map:
		return "%" + code(t.Elem(), true)
	case reflect.Struct:
		message(t)
		return "@" + messageName(t)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "i"
	}
	panic(fmt.Sprintf("no code for %v", t))
}

func message(t reflect.Type) {
	name := messageName(t)
	if _, ok := messages[name]; ok {
		return
	}
	messages[name] = ""
	if t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler) {
		return
	}
	words := []string{}
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		tag := strings.Split(f.Tag.Get("protobuf"), ",")
		if len(tag) < 3 {
			continue
		}
		field := strings.Split(f.Tag.Get("json"), ",")[0]
		if field == "-" {
			continue
		}
		inline := ""
		if f.Anonymous && field == "" {
			inline = "^"
		}
		words = append(words, field+"="+tag[1]+inline+code(f.Type, tag[2] == "opt"))
	}
	messages[name] = strings.Join(words, " ")
}

func printMessages(out io.Writer, schemes []*runtime.Scheme) {
	for _, s := range schemes {
		for gvk, t := range s.AllKnownTypes() {
			if strings.Contains(gvk.Version, "alpha") || strings.Contains(gvk.Version, "beta") || gvk.Version == runtime.APIVersionInternal {
				continue
			}
			message(t)
		}
	}
	names := make([]string, 0, len(messages))
	for name := range messages {
		if messages[name] != "" && !strings.HasSuffix(name, "List") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(out, "%s %s\n", name, messages[name])
	}
}
