package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// verbs compares the answers of the API server to POST, DELETE and requests for the status with those of
// volcano-job-apiserver. The requests are the same in each run, so that they can be recorded.
func verbs() []scenario {
	return []scenario{
		{"POST, DELETE and requests for the status have the same answers from the API server and from volcano-job-apiserver", compareVerbs},
	}
}

// statusPath is what the path of a Job's status has after that of the Job.
const statusPath = "/status"

// verbCase is a request for a Job in a state. In its texts, `{name}`, `{uid}` and `{version}` are those of
// the Job.
type verbCase struct {
	// state names one of the states below; empty if there is no Job.
	state       string
	method      string
	subresource string
	query       string
	contentType string
	body        string
}

// states are what is done to a new Job.
var states = map[string]struct {
	metadata  object
	hasStatus bool
	isDeleted bool
	// isInvalid is for a status that is not valid, stored before the schema was in force.
	isInvalid bool
}{
	"plain":               {},
	"labeled":             {metadata: object{"labels": object{"a": "b"}, "annotations": object{"c": "d"}}},
	"running":             {hasStatus: true},
	"guarded":             {metadata: finalizers("example.com/a")},
	"orphaned":            {metadata: finalizers("orphan")},
	"guarded-orphaned":    {metadata: finalizers("orphan", "example.com/a")},
	"foreground":          {metadata: finalizers("foregroundDeletion")},
	"deleted":             {metadata: finalizers("example.com/a", "example.com/b"), hasStatus: true, isDeleted: true},
	"deleted-orphaned":    {metadata: finalizers("orphan"), isDeleted: true},
	"deleted-foreground":  {metadata: finalizers("foregroundDeletion", "example.com/a"), isDeleted: true},
	"guarded-with-status": {metadata: finalizers("example.com/a"), hasStatus: true},
	"invalid-status":      {hasStatus: true, isInvalid: true},
}

func finalizers(names ...any) object {
	return object{"finalizers": names}
}

func compareVerbs(e *environment) error {
	ours, err := e.startResponder()
	if err != nil {
		return err
	}
	t := &tester{env: e, ours: ours}
	var found []difference
	cases := verbCases()
	for i, verb := range cases {
		difference, err := t.compareVerb(fmt.Sprintf("verb-%d", i), verb)
		if err != nil {
			return fmt.Errorf("%+v: %w", verb, err)
		}
		if difference != nil {
			found = append(found, *difference)
		}
	}
	e.note("%d of %d answers are the same", len(cases)-len(found), len(cases))
	return e.report(found, len(cases))
}

// compareVerb sends a request, and returns both answers if they differ.
func (t *tester) compareVerb(name string, verb verbCase) (*difference, error) {
	existing := ""
	if verb.state != "" {
		var err error
		if existing, err = t.inState(verb.state, name); err != nil {
			return nil, err
		}
	}
	request, err := verb.request(name, existing)
	if err != nil {
		return nil, err
	}
	theirs, err := t.answerVerb(name, &request)
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if theirs.Action == managedFieldsOnly {
		// volcano-job-apiserver does not maintain them.
		return nil, nil
	}
	if t.env.options.record != "" {
		if err := t.recordVerb(request, theirs); err != nil {
			return nil, err
		}
		return nil, nil
	}
	ours, err := t.ours.answer(request)
	if err != nil {
		return nil, err
	}
	ours.Invalid = nil
	if t.env.same(theirs, ours) {
		return nil, nil
	}
	return &difference{request, theirs, ours}, nil
}

// inState stores a Job in a state; one that is not valid while the schema accepts anything.
func (t *tester) inState(state, name string) (string, error) {
	if !states[state].isInvalid {
		return t.createIn(state, name)
	}
	anything := object{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	if err := t.env.replaceSchema(anything, true); err != nil {
		return "", err
	}
	existing, err := t.createIn(state, name)
	if err != nil {
		return "", err
	}
	schema, err := t.env.openAPISchema()
	if err != nil {
		return "", err
	}
	return existing, t.env.replaceSchema(schema, false)
}

// createIn stores a Job, brings it into a state, and returns it as the API server does.
func (t *tester) createIn(state, name string) (string, error) {
	made, isKnown := states[state]
	if !isKnown {
		return "", fmt.Errorf("there is no state %s", state)
	}
	wanted := job(name)
	for key, value := range made.metadata {
		wanted["metadata"].(object)[key] = value
	}
	if _, err := t.env.create(wanted); err != nil {
		return "", err
	}
	path := jobsPath + "/" + name
	if made.hasStatus {
		status := object{"status": object{"running": 1, "state": object{"phase": "Running"}}}
		if made.isInvalid {
			status = object{"status": object{"running": -1, "state": object{"phase": "Odd"}, "conditions": []any{object{}}}}
		}
		if err := t.env.expect(http.StatusOK, t.env.patch(name+"/status", status)); err != nil {
			return "", err
		}
	}
	if made.isDeleted {
		if err := t.env.expect(http.StatusOK, t.env.request("DELETE", path, nil)); err != nil {
			return "", err
		}
	}
	return t.get(path)
}

func (v verbCase) request(name, existing string) (exchange, error) {
	var stored struct {
		Metadata struct{ UID, ResourceVersion string }
	}
	if existing != "" {
		if err := json.Unmarshal([]byte(existing), &stored); err != nil {
			return exchange{}, err
		}
	}
	fill := strings.NewReplacer("{name}", name, "{uid}", stored.Metadata.UID,
		"{version}", stored.Metadata.ResourceVersion, "{existing}", strings.TrimSpace(existing)).Replace
	uri := jobsPath
	if v.method != "POST" {
		uri += "/" + name + v.subresource
	} else if v.subresource != "" {
		uri += v.subresource
	}
	if v.query != "" {
		uri += "?" + v.query
	}
	contentType := v.contentType
	if contentType == "" {
		contentType = "application/json"
	}
	return exchange{Method: v.method, URI: fill(uri), ContentType: contentType, Existing: existing,
		Body: fill(v.body)}, nil
}

// answerVerb sends the request, finds out what happened to the stored Job, and removes that.
func (t *tester) answerVerb(name string, request *exchange) (answer, error) {
	path := jobsPath + "/" + name
	before, err := t.env.stored(path)
	if err != nil {
		return answer{}, err
	}
	theirs, err := t.send(*request)
	if err != nil {
		return theirs, err
	}
	answered, err := request.learn(theirs)
	if err != nil {
		return theirs, err
	}
	if request.Method == "POST" && answered.Kind == "Job" {
		path = jobsPath + "/" + answered.Metadata.Name
	}
	after, err := t.env.stored(path)
	if err != nil {
		return theirs, err
	}
	switch {
	case after == before:
		theirs.Action = "keep"
	case after == "":
		theirs.Action = "delete"
	case before == "":
		theirs.Action, theirs.Stored = "create", after
	case sameStored(after, before):
		theirs.Action = managedFieldsOnly
	default:
		theirs.Action, theirs.Stored = "update", after
	}
	request.Version = answered.Metadata.ResourceVersion
	if after == "" {
		return theirs, nil
	}
	name = path[strings.LastIndex(path, "/")+1:]
	none := object{"metadata": object{"finalizers": nil}}
	if err := t.env.expect(http.StatusOK, t.env.patch(name, none)); err != nil {
		return theirs, err
	}
	if deleted := t.env.request("DELETE", path, nil); deleted.code != http.StatusNotFound {
		return theirs, t.env.expect(http.StatusOK, deleted)
	}
	return theirs, nil
}

// answered is the part of an answer that the API server chose.
type answered struct {
	Kind     string
	Metadata struct{ Name, ResourceVersion, UID, CreationTimestamp, DeletionTimestamp string }
	Details  struct{ Name string }
}

// learn takes what the API server chose from its answer.
func (x *exchange) learn(theirs answer) (answered, error) {
	var got answered
	if err := json.Unmarshal([]byte(theirs.Body), &got); err != nil {
		return got, fmt.Errorf("%s: %w", theirs.Body, err)
	}
	switch x.Method {
	case "POST":
		x.UID, x.Time = got.Metadata.UID, got.Metadata.CreationTimestamp
		generated := got.Metadata.Name + got.Details.Name
		x.Suffix = generated[max(0, len(generated)-5):]
	case "DELETE":
		x.Time = got.Metadata.DeletionTimestamp
	}
	return got, nil
}

// recordVerb writes a request and the answer to a file, for the tests of volcano-job-apiserver.
func (t *tester) recordVerb(request exchange, theirs answer) error {
	text, err := json.Marshal(map[string]any{"request": request, "answer": theirs})
	if err != nil {
		return err
	}
	file, err := os.OpenFile(t.env.options.record, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = fmt.Fprintf(file, "%s\n", text)
	return err
}
