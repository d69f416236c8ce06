package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

// comparison compares the generated ValidatingAdmissionPolicy with the webhook.
func comparison() []scenario {
	return []scenario{
		{"the ValidatingAdmissionPolicy differs from the webhook only as its header says", compare},
	}
}

// pair is an update from the repository's test cases or from the recordings.
type pair struct {
	name                  string
	existing, replacement object
}

// outcome is the result of a dry run of an update.
type outcome int

const (
	allowed outcome = iota
	denied
	invalidValue
	notStored
)

func compare(e *environment) error {
	pairs, err := e.pairs()
	if err != nil {
		return err
	}
	if err := e.configure(); err != nil {
		return err
	}
	ours, err := e.tryAll(pairs)
	if err != nil {
		return err
	}
	if err := e.enforce(); err != nil {
		return err
	}
	theirs, err := e.tryAll(pairs)
	if err != nil {
		return err
	}
	err = e.contrast(pairs, ours, theirs)
	if undone := e.unconfigure(); err == nil {
		err = undone
	}
	return err
}

// enforce replaces the webhook by the ValidatingAdmissionPolicy, and waits until it takes effect.
func (e *environment) enforce() error {
	manifests, err := e.generate("policy")
	if err != nil {
		return err
	}
	if err := e.unconfigure(); err != nil {
		return err
	}
	if err := e.apply(manifests); err != nil {
		return err
	}
	return e.eventually("the policy is enforced", func() error {
		probe := e.patch("probe?dryRun=All", object{"spec": object{"queue": "other"}})
		if err := e.expect(http.StatusUnprocessableEntity, probe); err != nil {
			return err
		}
		if !strings.Contains(probe.message(), "spec.queue: field is immutable") {
			return fmt.Errorf("it does not name the field: %s", probe)
		}
		return nil
	})
}

func (e *environment) contrast(pairs []pair, ours, theirs []outcome) error {
	var agreed [2]int
	var values, spellings, skipped int
	for i, pair := range pairs {
		switch {
		case ours[i] == notStored || theirs[i] == notStored:
			skipped++
		case ours[i] == theirs[i]:
			agreed[ours[i]]++
		case ours[i] == invalidValue && theirs[i] == allowed:
			values++
		case ours[i] == invalidValue && theirs[i] == denied:
			agreed[denied]++
		case ours[i] == allowed && theirs[i] == denied:
			// The webhook allows the update, so no value has changed.
			spellings++
		default:
			return fmt.Errorf("%s: webhook %d, policy %d", pair.name, ours[i], theirs[i])
		}
	}
	e.note("of %d updates both allow %d and both deny %d", len(pairs)-skipped, agreed[allowed], agreed[denied])
	e.note("only the webhook denies %d: invalid values", values)
	e.note("only the policy denies %d: other spellings of the same values", spellings)
	e.note("skipped %d: the API server itself does not store such a Job", skipped)
	if agreed[allowed] == 0 || agreed[denied] == 0 || values == 0 || spellings == 0 {
		return fmt.Errorf("too few updates to compare: %d", len(pairs))
	}
	return nil
}

func (e *environment) tryAll(pairs []pair) ([]outcome, error) {
	outcomes := make([]outcome, len(pairs))
	for i, pair := range pairs {
		var err error
		if outcomes[i], err = e.try(pair); err != nil {
			return nil, fmt.Errorf("%s: %w", pair.name, err)
		}
	}
	return outcomes, nil
}

// try creates the existing Job, and updates it in a dry run.
func (e *environment) try(pair pair) (outcome, error) {
	if _, deleting := pair.existing["metadata"].(object)["deletionTimestamp"]; deleting {
		return notStored, nil
	}
	e.jobs++
	name := fmt.Sprintf("pair-%d", e.jobs)
	existing := withoutServerFields(pair.existing)
	existing["metadata"].(object)["name"] = name
	created := e.request("POST", jobsPath, existing)
	if created.code != http.StatusCreated {
		return notStored, created.err
	}
	defer e.request("DELETE", jobsPath+"/"+name, nil)
	replacement := withoutServerFields(pair.replacement)
	metadata := replacement["metadata"].(object)
	metadata["name"], metadata["resourceVersion"] = name, at(created.body, "metadata", "resourceVersion")
	got := e.request("PUT", jobsPath+"/"+name+"?dryRun=All", replacement)
	// The messages of a webhook and of a policy.
	isDenial := strings.Contains(got.message(), "denied the request") || strings.Contains(got.message(), "denied request")
	switch {
	case got.code == http.StatusOK:
		return allowed, nil
	case got.code == http.StatusBadRequest && strings.Contains(got.message(), "is invalid: "):
		// By the documented status codes, 400 means that all violations are invalid values.
		return invalidValue, nil
	case isDenial:
		return denied, nil
	default:
		return notStored, got.err
	}
}

func (e *environment) pairs() ([]pair, error) {
	files, err := filepath.Glob(filepath.Join(e.options.repository, "tests/cases/*.json"))
	if err != nil {
		return nil, err
	}
	var pairs []pair
	for _, file := range files {
		some, err := e.casesIn(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		pairs = append(pairs, some...)
	}
	cases := len(pairs)
	recorded, err := e.recorded()
	e.note("%d updates of the repository's cases, %d recorded ones", cases, len(recorded))
	return append(pairs, recorded...), err
}

func (e *environment) casesIn(file string) ([]pair, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var cases []struct {
		Name          string
		Base          string
		ExistingPatch json.RawMessage `json:"existing_patch"`
		Patch         json.RawMessage
		TextEdits     json.RawMessage `json:"text_edits"`
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		return nil, err
	}
	var pairs []pair
	for _, one := range cases {
		base, err := e.read(one.Base)
		if err != nil {
			return nil, err
		}
		existing, err := patched(base, one.ExistingPatch)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.Name, err)
		}
		replacement, err := patched(existing, one.Patch)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.Name, err)
		}
		if one.TextEdits == nil && isSameObject(existing, replacement) {
			pairs = append(pairs, pair{filepath.Base(file) + ": " + one.Name, existing, replacement})
		}
	}
	return pairs, nil
}

// isSameObject reports whether both are the same object. A PUT cannot replace one object by
// another.
func isSameObject(existing, replacement object) bool {
	for _, path := range [][]any{{"apiVersion"}, {"kind"}, {"metadata", "name"}, {"metadata", "namespace"}} {
		old := at(existing, path...)
		if old == nil || old != at(replacement, path...) {
			return false
		}
	}
	return true
}

func patched(job object, operations json.RawMessage) (object, error) {
	if operations == nil {
		return clone(job), nil
	}
	patch, err := jsonpatch.DecodePatch(operations)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	if text, err = patch.Apply(text); err != nil {
		return nil, err
	}
	var result object
	return result, json.Unmarshal(text, &result)
}

// recorded returns the updates for which a real API server called a validating webhook.
func (e *environment) recorded() ([]pair, error) {
	if e.options.recordings == "" {
		return nil, nil
	}
	files, err := filepath.Glob(filepath.Join(e.options.recordings, "*.json"))
	if err != nil {
		return nil, err
	}
	var pairs []pair
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var recording any
		if err := json.Unmarshal(text, &recording); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		walk(recording, func(review object) {
			request, _ := at(review, "json", "request").(object)
			existing, _ := request["oldObject"].(object)
			replacement, _ := request["object"].(object)
			if review["hook"] == "validate/jobs" && existing != nil && replacement != nil {
				name := fmt.Sprintf("%s #%d", filepath.Base(file), len(pairs))
				pairs = append(pairs, pair{name, existing, replacement})
			}
		})
	}
	return pairs, nil
}

// walk visits every object in a value.
func walk(value any, visit func(object)) {
	switch value := value.(type) {
	case object:
		visit(value)
		for _, below := range value {
			walk(below, visit)
		}
	case []any:
		for _, below := range value {
			walk(below, visit)
		}
	}
}
