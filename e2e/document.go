package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// node is a JSON value that keeps what encoding/json loses: the order of members, members with equal
// names, and the spelling of scalars.
type node struct {
	// text is the JSON of a scalar; empty for an object or list.
	text   string
	isList bool
	items  []item
}

// item is a member of an object, or an element of a list, which has no key.
type item struct {
	// key is the JSON of the name, with its quotes.
	key   string
	value *node
}

func (n *node) isObject() bool {
	return n.text == "" && !n.isList
}

// parse returns the node of a JSON text.
func parse(text []byte) (*node, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return parseNext(decoder)
}

func parseNext(decoder *json.Decoder) (*node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	delimiter, isDelimiter := token.(json.Delim)
	if !isDelimiter {
		return &node{text: scalar(token)}, nil
	}
	parsed := &node{isList: delimiter == '['}
	for decoder.More() {
		var next item
		if parsed.isObject() {
			key, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			next.key = scalar(key)
		}
		if next.value, err = parseNext(decoder); err != nil {
			return nil, err
		}
		parsed.items = append(parsed.items, next)
	}
	_, err = decoder.Token()
	return parsed, err
}

// scalar returns a value as JSON.
func scalar(value any) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return strings.TrimSpace(text.String())
}

// constant returns the node of a JSON text in this program.
func constant(text string) *node {
	switch {
	case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
		parsed, err := parse([]byte(text))
		if err != nil {
			panic(fmt.Errorf("%s: %w", text, err))
		}
		return parsed
	default:
		return &node{text: text}
	}
}

func (n *node) String() string {
	if n.text != "" {
		return n.text
	}
	parts := make([]string, len(n.items))
	for i, item := range n.items {
		parts[i] = item.value.String()
		if item.key != "" {
			parts[i] = item.key + ":" + parts[i]
		}
	}
	if n.isList {
		return "[" + strings.Join(parts, ",") + "]"
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (n *node) clone() *node {
	cloned := &node{text: n.text, isList: n.isList, items: make([]item, len(n.items))}
	for i, item := range n.items {
		cloned.items[i] = item
		cloned.items[i].value = item.value.clone()
	}
	return cloned
}

// get returns the member with this name, or nil.
func (n *node) get(name string) *node {
	for _, item := range n.items {
		if item.key == scalar(name) {
			return item.value
		}
	}
	return nil
}

// remove removes the members with this name.
func (n *node) remove(name string) {
	var kept []item
	for _, item := range n.items {
		if item.key != scalar(name) {
			kept = append(kept, item)
		}
	}
	n.items = kept
}
