// Prints the Go types that a v1alpha1 Job is decoded into, as JSON: for each struct, the Go type of each
// field by its name in JSON, and the fields that are written although they are empty.
// scripts/update-go-types writes the output to schemas/go-types.json.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	batch "volcano.sh/apis/pkg/apis/batch/v1alpha1"
)

// leaves are types that decode themselves. Their fields do not matter.
var leaves = map[string]string{
	"resource.Quantity":  "resource.Quantity",
	"v1.Time":            "v1.Time",
	"v1.MicroTime":       "v1.MicroTime",
	"v1.Duration":        "v1.Duration",
	"intstr.IntOrString": "intstr.IntOrString",
	"v1.FieldsV1":        "v1.FieldsV1",
}

type table struct {
	// packages has the package of each struct, because a short name must stand for one.
	packages map[string]string
	structs  map[string]map[string]string
	// names has the type of each string, integer or boolean that is no predeclared one.
	names map[string]string
	// written has the fields of each struct that json.Marshal writes although they are empty.
	written map[string][]string
}

func main() {
	found := table{
		map[string]string{}, map[string]map[string]string{}, map[string]string{}, map[string][]string{},
	}
	found.add(reflect.TypeFor[batch.Job]())
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(map[string]any{"structs": found.structs, "names": found.names, "written": found.written}); err != nil {
		panic(err)
	}
}

// add adds a type and all types in it.
func (t *table) add(kind reflect.Type) {
	name := kind.String()
	if _, isLeaf := leaves[name]; isLeaf {
		return
	}
	switch kind.Kind() {
	case reflect.Pointer, reflect.Slice:
		t.add(kind.Elem())
	case reflect.Map:
		t.add(kind.Key())
		t.add(kind.Elem())
	case reflect.Struct:
		t.claim(kind)
		if _, known := t.structs[name]; known {
			return
		}
		t.structs[name] = map[string]string{}
		t.addFields(kind, name)
	default:
		if kind.PkgPath() != "" {
			t.claim(kind)
			t.names[name] = kind.Kind().String()
		}
	}
}

func (t *table) addFields(kind reflect.Type, parent string) {
	for i := range kind.NumField() {
		field := kind.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case name == "-":
		case name == "" && field.Anonymous && (options == "inline" || options == ""):
			t.addFields(field.Type, parent)
		case name == "":
			panic(fmt.Sprintf("%s.%s has no name in JSON", kind, field.Name))
		default:
			t.structs[parent][name] = field.Type.String()
			if isWritten(field.Type, strings.Split(options, ",")) {
				t.written[parent] = append(t.written[parent], name)
			}
			// A named map or list is its own type.
			if field.Type.PkgPath() != "" && (field.Type.Kind() == reflect.Map || field.Type.Kind() == reflect.Slice) {
				t.claim(field.Type)
				t.names[field.Type.String()] = underlying(field.Type)
			}
			t.add(field.Type)
		}
	}
}

// isWritten says whether an empty field is written: `omitempty` omits no struct.
func isWritten(kind reflect.Type, options []string) bool {
	if slices.Contains(options, "omitzero") {
		return false
	}
	return kind.Kind() == reflect.Struct || !slices.Contains(options, "omitempty")
}

func underlying(kind reflect.Type) string {
	if kind.Kind() == reflect.Map {
		return fmt.Sprintf("map[%s]%s", kind.Key(), kind.Elem())
	}
	return fmt.Sprintf("[]%s", kind.Elem())
}

// claim panics if another type has the same short name.
func (t *table) claim(kind reflect.Type) {
	name := kind.String()
	if other, taken := t.packages[name]; taken && other != kind.PkgPath() {
		panic(fmt.Sprintf("%s is in %s and in %s", name, other, kind.PkgPath()))
	}
	t.packages[name] = kind.PkgPath()
}
