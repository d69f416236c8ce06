package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const applyPatch = "application/apply-patch+yaml"

// managers are the field managers of requests. The API server minds the annotation of client-side apply
// for kubectl alone.
var managers = []string{"kubectl", "kubectl", "flux", "argocd-controller"}

// unowned are the fields of metadata that nobody applies.
var unowned = []string{"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation",
	"managedFields", "resourceVersion", "selfLink", "uid"}

// manage creates a Job and lets random managers write it: client-side and server-side apply, and
// patches. It returns the Job that is stored in the end.
func (t *tester) manage(g *generator, name string) (string, error) {
	stored, err := t.create(choose(g, templates), name, g.IntN(3) == 0, false)
	if err != nil {
		return "", err
	}
	path := jobsPath + "/" + name
	for range 1 + g.IntN(4) {
		job, err := parse([]byte(stored))
		if err != nil {
			return "", err
		}
		manager := choose(g, managers)
		request := exchange{Method: "PATCH", URI: path + "?force=true&fieldManager=" + manager, ContentType: applyPatch,
			Body: g.configuration(job).String()}
		switch g.IntN(3) {
		case 0:
			request.URI = path + "?fieldManager=kubectl-client-side-apply"
			request.ContentType = "application/merge-patch+json"
			applied := g.configuration(job)
			annotation := scalar(object{lastApplied: applied.String() + "\n"})
			metadata := applied.get("metadata")
			metadata.remove("annotations")
			metadata.items = append(metadata.items, item{`"annotations"`, constant(annotation)})
			request.Body = applied.String()
		case 1:
			request.URI = path + "?fieldManager=" + choose(g, []string{"vc-controller", "helm"})
			request.ContentType = "application/merge-patch+json"
			patch := &node{}
			g.mergePatch(job, patch)
			request.Body = patch.String()
		}
		// A request that the API server refuses changes nothing.
		if _, err := t.send(request); err != nil {
			return "", err
		}
		if stored, err = t.get(path); err != nil {
			return "", err
		}
	}
	return stored, nil
}

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// configuration returns what a manager may apply to a Job: a part of it.
func (g *generator) configuration(job *node) *node {
	applied := job.clone()
	applied.remove("status")
	metadata := applied.get("metadata")
	for _, name := range unowned {
		metadata.remove(name)
	}
	if annotations := metadata.get("annotations"); annotations != nil {
		annotations.remove(lastApplied)
	}
	rarely := func(items []item) []item {
		return slices.DeleteFunc(items, func(item item) bool {
			return item.key != `"name"` && item.key != `"namespace"` && g.IntN(3) == 0
		})
	}
	metadata.items = rarely(metadata.items)
	for _, name := range []string{"labels", "annotations"} {
		if texts := metadata.get(name); texts != nil {
			texts.items = rarely(texts.items)
			if g.IntN(2) == 0 {
				texts.items = append(texts.items, item{choose(g, []string{`"a"`, `"b"`, `"team"`}), constant(choose(g, []string{`"1"`, `"2"`, `null`}))})
			}
		} else if g.IntN(3) == 0 {
			metadata.items = append(metadata.items, item{scalar(name), constant(choose(g, []string{`{"a":"1"}`, `{"a":"2","b":"1"}`, `{}`}))})
		}
	}
	if spec := applied.get("spec"); spec != nil && spec.isObject() {
		spec.items = rarely(spec.items)
		if plugins := spec.get("plugins"); plugins != nil {
			plugins.items = rarely(plugins.items)
		}
		inSpec := &node{items: []item{{`"spec"`, spec}}}
		switch g.IntN(6) {
		case 0, 1:
			g.edit(inSpec)
		case 2:
			at, _ := g.place(inSpec)
			at.parent.items[at.index].value = constant("null")
		}
	}
	return applied.distinct()
}

// distinct keeps the last of the members of an object with the same name. kubectl and GitOps tools send
// no others.
func (n *node) distinct() *node {
	var kept []item
	for i, member := range n.items {
		isLater := func(other item) bool { return member.key != "" && other.key == member.key }
		if !slices.ContainsFunc(n.items[i+1:], isLater) {
			member.value = member.value.distinct()
			kept = append(kept, member)
		}
	}
	return &node{text: n.text, isList: n.isList, items: kept}
}

// apply makes a server-side apply of a part of a Job with random edits.
func (g *generator) apply(job *node, made *exchange, edited func(func(*generator))) {
	made.Method, made.ContentType = "PATCH", applyPatch
	made.URI += "&fieldManager=" + choose(g, managers) + choose(g, []string{"", "&force=true", "&force=false"})
	applied := g.configuration(job)
	if g.IntN(2) == 0 {
		edited(func(g *generator) { g.edit(applied) })
	}
	// What is no JSON may be YAML, which an API server reads here.
	if made.Body = applied.distinct().String(); !json.Valid([]byte(made.Body)) {
		made.Body = "{}"
	}
}

// isUnordered says whether an error lists the first errors that Go finds in an object, in random order.
func isUnordered(theirs answer) bool {
	return theirs.Code == http.StatusInternalServerError &&
		(strings.Contains(theirs.Body, "field not declared in schema") || strings.Contains(theirs.Body, `errors:\n`))
}

// managedJobs are the Jobs with random managers of each worker.
const managedJobs = 24

func (t *tester) storeManaged() error {
	for number := range managedJobs {
		g := t.generator(uint64(1<<40 + t.number<<20 + number))
		stored, err := t.manage(g, fmt.Sprintf("managed-%d-%d", t.number, number))
		if err != nil {
			return err
		}
		t.stored = append(t.stored, stored)
	}
	return nil
}
