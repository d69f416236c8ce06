package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// generator makes random edits of Jobs. The same seed makes the same edits.
type generator struct {
	*rand.Rand
	// schema is the OpenAPI schema of a Job, with one for its metadata.
	schema object
}

// place is a value in a Job: an item of an object or list.
type place struct {
	parent *node
	index  int
	// path has the JSON of the key, or the position, of each step.
	path   []string
	schema object
}

func (p place) value() *node {
	return p.parent.items[p.index].value
}

// odd are values that are wrong in most places, or right with an unusual spelling.
var odd = strings.Fields(`null true false 0 -1 1 1.5 0.25 -0 1e3 1.0 0.0 3000000000 2147483648
	9223372036854775807 9223372036854775808 1e19 1E+2 100000000000000000000000 "" "a" "A_b" "1" "0.1"
	"1Gi" "é" "\u00e9" "a/b/c" "a/b" "-a" "%" "true" [] [null] [[]] ["a","a"] ["a",1] [{}] {} {"a":null}
	{"a":"b"} {"a":1} {"a":{"b":[1]}} "2026-01-02T03:04:05Z" "2026-01-02T03:04:05.123Z" "2026-01-02"
	"2026-01-02T03:04:05+01:00" "10m" "0" "1.0" "1000m" "60m" "1h0m0s" "Never" "TCP" "\u0000" "\ud800"`)

// texts are values for strings.
var texts = strings.Fields(`"" "a" "b" "x-1" "main" "example.com/x" "10m" "1Gi" "100" "Never" "TCP" "PodFailed"
	"RestartJob" "2026-01-02T03:04:05Z" "1h" "hard" "A" "a_b" "80"`)

// numbers are values for integers.
var numbers = strings.Fields(`0 1 2 3 10 80 -1 70000 2147483647 2147483648 1.0 2e0 -2147483649`)

// metadataSchema describes metadata, of which the schema of a CRD says only that it is an object.
func metadataSchema() object {
	text := object{"type": "string"}
	integer := object{"type": "integer"}
	texts := object{"type": "object", "additionalProperties": text}
	owner := object{"type": "object", "required": []any{"apiVersion", "kind", "name", "uid"},
		"properties": object{"apiVersion": text, "kind": text, "name": text, "uid": text,
			"controller": object{"type": "boolean"}, "blockOwnerDeletion": object{"type": "boolean"}}}
	entry := object{"type": "object", "properties": object{"manager": text, "operation": text, "apiVersion": text,
		"time": text, "fieldsType": text, "fieldsV1": object{"type": "object"}, "subresource": text}}
	return object{"type": "object", "properties": object{"name": text, "generateName": text, "namespace": text,
		"selfLink": text, "uid": text, "resourceVersion": text, "generation": integer, "creationTimestamp": text,
		"deletionTimestamp": text, "deletionGracePeriodSeconds": integer, "labels": texts, "annotations": texts,
		"ownerReferences": object{"type": "array", "items": owner},
		"finalizers":      object{"type": "array", "items": text},
		"managedFields":   object{"type": "array", "items": entry}}}
}

// choose returns an element of a list.
func choose[T any](g *generator, list []T) T {
	return list[g.IntN(len(list))]
}

// edit changes a Job in one place.
func (g *generator) edit(job *node) {
	at, found := g.place(job)
	if !found {
		return
	}
	switch kind := g.IntN(100); {
	case kind < 25:
		at.parent.items[at.index].value = g.valueOf(at.schema, 3)
	case kind < 45:
		at.parent.items[at.index].value = g.oddValue()
	case kind < 55:
		at.parent.items = append(at.parent.items[:at.index:at.index], at.parent.items[at.index+1:]...)
	case kind < 63:
		g.repeat(at)
	case kind < 83:
		g.add(at)
	case kind < 90:
		g.respell(at.value())
	case kind < 95:
		g.Shuffle(len(at.parent.items), func(i, j int) {
			at.parent.items[i], at.parent.items[j] = at.parent.items[j], at.parent.items[i]
		})
	default:
		g.rename(at)
	}
}

// place returns a random place. Every other one is in spec, every third in metadata.
func (g *generator) place(job *node) (place, bool) {
	at := place{parent: job, index: g.IntN(len(job.items)), schema: g.schema}
	start := g.IntN(100)
	for i, item := range job.items {
		if start < 55 && item.key == `"spec"` || start >= 55 && start < 90 && item.key == `"metadata"` {
			at.index = i
		}
	}
	at = at.below(at.index, job)
	for len(at.value().items) > 0 && g.IntN(8) > 0 {
		at = at.below(g.IntN(len(at.value().items)), at.value())
	}
	return at, len(at.parent.items) > 0
}

// below returns the place of an item of the value at a place.
func (p place) below(index int, parent *node) place {
	item := parent.items[index]
	step := item.key
	if parent.isList {
		step = fmt.Sprint(index)
	}
	path := append(append([]string{}, p.path...), step)
	return place{parent, index, path, childSchema(p.schema, item.key)}
}

// childSchema returns the schema of a member, or of the elements of a list if the key is empty. It is
// empty if nothing is known.
func childSchema(schema object, key string) object {
	var child object
	if key == "" {
		child, _ = schema["items"].(object)
		return child
	}
	properties, _ := schema["properties"].(object)
	child, known := properties[strings.Trim(key, `"`)].(object)
	if !known {
		child, _ = schema["additionalProperties"].(object)
	}
	return child
}

func (g *generator) oddValue() *node {
	return constant(choose(g, odd))
}

// valueOf returns a value that is probably valid.
func (g *generator) valueOf(schema object, depth int) *node {
	if enum, _ := schema["enum"].([]any); len(enum) > 0 && g.IntN(4) > 0 {
		return &node{text: scalar(choose(g, enum))}
	}
	switch schema["type"] {
	case "string":
		return constant(choose(g, texts))
	case "integer":
		return constant(choose(g, numbers))
	case "boolean":
		return constant(choose(g, []string{"true", "false"}))
	case "array":
		items, _ := schema["items"].(object)
		list := &node{isList: true}
		for range g.IntN(3) * min(depth, 1) {
			list.items = append(list.items, item{value: g.valueOf(items, depth-1)})
		}
		return list
	case "object":
		return g.objectOf(schema, depth)
	}
	if schema["x-kubernetes-int-or-string"] == true {
		return constant(choose(g, append(append([]string{}, texts...), numbers...)))
	}
	return g.oddValue()
}

func (g *generator) objectOf(schema object, depth int) *node {
	made := &node{}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if key := scalar(name); g.IntN(10) > 0 {
			made.items = append(made.items, item{key, g.valueOf(childSchema(schema, key), depth-1)})
		}
	}
	for range g.IntN(3) * min(depth, 1) {
		key := g.key(schema)
		made.items = append(made.items, item{key, g.valueOf(childSchema(schema, key), depth-1)})
	}
	return made
}

// key returns a name of the schema, or any other.
func (g *generator) key(schema object) string {
	properties, _ := schema["properties"].(object)
	if len(properties) == 0 || g.IntN(8) == 0 {
		return choose(g, strings.Fields(`"a" "b" "" "unknown" "Replicas" "a/b" "a.b" "x\"y" "1"`))
	}
	return scalar(choose(g, slices.Sorted(maps.Keys(properties))))
}

// add adds a member or element to the value at a place, or beside it if it is a scalar.
func (g *generator) add(at place) {
	to, schema := at.value(), at.schema
	if to.text != "" {
		to, schema = at.parent, object{}
	}
	added := item{}
	if to.isObject() {
		added.key = g.key(schema)
	}
	added.value = g.valueOf(childSchema(schema, added.key), 3)
	if g.IntN(4) == 0 {
		added.value = g.oddValue()
	}
	position := g.IntN(len(to.items) + 1)
	to.items = append(to.items[:position:position], append([]item{added}, to.items[position:]...)...)
}

// repeat adds an item again, perhaps with another value.
func (g *generator) repeat(at place) {
	repeated := at.parent.items[at.index]
	repeated.value = repeated.value.clone()
	if g.IntN(3) == 0 {
		repeated.value = g.oddValue()
	}
	at.parent.items = append(at.parent.items, repeated)
}

// respell writes a scalar in another way that means the same.
func (g *generator) respell(value *node) {
	switch {
	case strings.HasPrefix(value.text, `"`) && len(value.text) > 2 && value.text[1] < 0x80 && value.text[1] != '\\':
		value.text = fmt.Sprintf(`"\u%04x%s`, value.text[1], value.text[2:])
	case value.text != "" && value.text[0] >= '0' && value.text[0] <= '9':
		value.text += choose(g, []string{".0", "e0", ".00", "E+0", ".5", "e1"})
	default:
		*value = *g.oddValue()
	}
}

// rename gives a member another name.
func (g *generator) rename(at place) {
	renamed := &at.parent.items[at.index]
	if name := strings.Trim(renamed.key, `"`); name != "" {
		renamed.key = choose(g, []string{
			scalar(strings.ToUpper(name[:1]) + name[1:]), scalar(name + "s"), fmt.Sprintf(`"\u%04x%s"`, name[0], name[1:]),
		})
	}
}
