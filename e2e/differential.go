package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// differential compares the answers of the API server with those of volcano-job-apiserver.
func differential() []scenario {
	return []scenario{
		{"random requests have the same answers from the API server and from volcano-job-apiserver", compareAnswers},
	}
}

// workers is the number of requests at a time.
const workers = 4

// exchange is a request, with the stored Job that it is for.
type exchange struct {
	Method      string `json:"method"`
	URI         string `json:"uri"`
	ContentType string `json:"content_type"`
	Existing    string `json:"existing"`
	Body        string `json:"body"`
	// Version is the resourceVersion that a write leads to; empty if it is the next one.
	Version string `json:"version,omitempty"`
	// UID, Time and Suffix are what the API server chose: the uid of a created Job, when it was created
	// or its deletion began, and the end of a generated name.
	UID    string `json:"uid,omitempty"`
	Time   string `json:"time,omitempty"`
	Suffix string `json:"suffix,omitempty"`
}

// answer is a response.
type answer struct {
	Code     int      `json:"code"`
	Body     string   `json:"body"`
	Warnings []string `json:"warnings"`
	// Action says what happens to the stored Job: "keep", "update" or "delete".
	Action string `json:"action,omitempty"`
	// Stored is the text that is stored; empty unless the Job is updated.
	Stored string `json:"stored,omitempty"`
	// Invalid lists the paths in spec of invalid values; nil if nothing is known about them.
	Invalid []string `json:"invalid,omitempty"`
}

// difference is a request that has two answers: that of the API server, and ours. As a line of JSON it is a
// case for apiserver/tests/answers.jsonl.
type difference struct {
	Request exchange `json:"request"`
	Theirs  answer   `json:"answer"`
	Ours    answer   `json:"ours"`
}

// answerer answers requests as the API server should.
type answerer interface {
	answer(exchange) (answer, error)
}

// tester sends requests for Jobs of its own.
type tester struct {
	env    *environment
	ours   answerer
	schema object
	// isDry is for a tester that does not change what is stored, except at the beginning.
	isDry  bool
	number int
	// stored are the Jobs that dry runs are for.
	stored []string
	// written counts the Jobs that were stored to be changed.
	written int
}

func compareAnswers(e *environment) error {
	ours, err := e.startResponder()
	if err != nil {
		return err
	}
	return e.compareAnswersOf(ours, false)
}

// compareAnswersOf sends random requests, all of them dry runs if `isDry`.
func (e *environment) compareAnswersOf(ours answerer, isDry bool) error {
	schema, err := e.jobSchema()
	if err != nil {
		return err
	}
	faulty, err := e.storeFaulty(schema)
	if err != nil {
		return err
	}
	var found []difference
	var errs []error
	var lock sync.Mutex
	var sent atomic.Int64
	var group sync.WaitGroup
	for worker := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			tester := &tester{env: e, ours: ours, schema: schema, isDry: isDry, number: worker, stored: slices.Clone(faulty)}
			err := tester.store()
			for err == nil {
				number := sent.Add(1)
				if number > int64(e.options.requests) || e.ctx.Err() != nil {
					break
				}
				var difference *difference
				if difference, err = tester.test(uint64(number)); difference != nil {
					lock.Lock()
					found = append(found, *difference)
					lock.Unlock()
				}
			}
			if err != nil {
				lock.Lock()
				errs = append(errs, err)
				lock.Unlock()
			}
		}()
	}
	group.Wait()
	if len(errs) > 0 {
		return errs[0]
	}
	if err := e.ctx.Err(); err != nil {
		return err
	}
	requests := e.options.requests
	e.note("seed %d: %d of %d answers are the same", e.options.seed, requests-len(found), requests)
	return e.report(found, requests)
}

// report writes the differences to a file as test cases, and fails if there are any.
func (e *environment) report(found []difference, requests int) error {
	path := filepath.Join(e.options.logs, "differences.jsonl")
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	for _, difference := range found {
		text, err := json.Marshal(difference)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(file, "%s\n", text); err != nil {
			return err
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("seed %d: %d of %d answers differ; see %s",
			e.options.seed, len(found), requests, path)
	}
	return nil
}

// managedFieldsOnly is the action of a write that changes managedFields alone, which
// volcano-job-apiserver does not maintain.
const managedFieldsOnly = "update managedFields"

// templates are the Jobs in tests/jobs that are stored.
var templates = []string{"bare", "created", "documented-existing", "rich", "trio", "unnamed"}

// store creates the Jobs that dry runs are for.
func (t *tester) store() error {
	for _, template := range templates {
		for _, isDeleted := range []bool{false, true} {
			stored, err := t.create(template, fmt.Sprintf("%s-%d-%v", template, t.number, isDeleted), isDeleted, isDeleted)
			if err != nil {
				return err
			}
			t.stored = append(t.stored, stored)
		}
	}
	return t.storeManaged()
}

// create stores a Job, perhaps with a status, and perhaps one that is being deleted, and returns it as
// the API server does.
func (t *tester) create(template, name string, hasStatus, isDeleted bool) (string, error) {
	job, err := t.env.read(template)
	if err != nil {
		return "", err
	}
	job = withoutServerFields(job)
	metadata := job["metadata"].(object)
	metadata["name"] = name
	if isDeleted {
		metadata["finalizers"] = []any{"example.com/a", "example.com/b"}
	}
	if err := t.env.expect(http.StatusCreated, t.env.request("POST", jobsPath, job)); err != nil {
		return "", fmt.Errorf("%s: %w", template, err)
	}
	path := jobsPath + "/" + name
	if hasStatus {
		status := object{"status": object{"state": object{"phase": "Running", "lastTransitionTime": "2026-01-02T03:04:05Z"},
			"running": 2, "taskStatusCount": object{"worker": object{"phase": object{"Running": 2}}}}}
		if err := t.env.expect(http.StatusOK, t.env.patch(name+"/status", status)); err != nil {
			return "", err
		}
	}
	if isDeleted {
		if err := t.env.expect(http.StatusOK, t.env.request("DELETE", path, nil)); err != nil {
			return "", err
		}
	}
	return t.get(path)
}

func (t *tester) get(path string) (string, error) {
	got, err := t.send(exchange{Method: "GET", URI: path, ContentType: "application/json"})
	return got.Body, err
}

// storeFaulty stores Jobs with random edits while the schema accepts anything, and returns those that
// are Jobs at all.
func (e *environment) storeFaulty(schema object) ([]string, error) {
	const wanted = 24
	anything := object{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	if err := e.replaceSchema(anything, true); err != nil {
		return nil, err
	}
	t := &tester{env: e, schema: schema}
	var names []string
	for number := uint64(0); len(names) < wanted; number++ {
		g := &generator{rand.New(rand.NewPCG(e.options.seed, 1<<32+number)), schema}
		template, err := e.read(choose(g, templates))
		if err != nil {
			return nil, err
		}
		template = withoutServerFields(template)
		name := fmt.Sprintf("faulty-%d", number)
		template["metadata"].(object)["name"] = name
		job, err := parse([]byte(scalar(template)))
		if err != nil {
			return nil, err
		}
		for range 1 + g.IntN(4) {
			g.edit(&node{items: []item{{`"spec"`, job.get("spec")}}})
		}
		made, err := t.send(exchange{Method: "POST", URI: jobsPath, ContentType: "application/json", Body: job.String()})
		if err != nil {
			return nil, err
		}
		if made.Code == http.StatusCreated {
			names = append(names, name)
		}
	}
	real, err := e.openAPISchema()
	if err != nil {
		return nil, err
	}
	if err := e.replaceSchema(real, false); err != nil {
		return nil, err
	}
	var stored []string
	for _, name := range names {
		text, err := t.get(jobsPath + "/" + name)
		if err != nil {
			return nil, err
		}
		job, err := parse([]byte(text))
		if err != nil {
			return nil, err
		}
		if isJob(job) {
			stored = append(stored, text)
		}
	}
	e.note("%d stored Jobs were edited before the schema was in force", len(stored))
	return stored, nil
}

// isJob says whether spec is an object, and spec.tasks a list of objects. What is not even that cannot
// be read as a Job.
func isJob(job *node) bool {
	spec := job.get("spec")
	if spec == nil || !spec.isObject() {
		return false
	}
	tasks := spec.get("tasks")
	isOther := func(task item) bool { return !task.value.isObject() }
	return tasks == nil || tasks.isList && !slices.ContainsFunc(tasks.items, isOther)
}

// replaceSchema changes the CRD, and waits until the schema is in force. It accepts a Job without tasks
// of the right type only if it accepts anything.
func (e *environment) replaceSchema(schema object, acceptsAnything bool) error {
	path := "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/jobs.batch.volcano.sh"
	patch := []any{object{"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema", "value": schema}}
	changed := e.request("PATCH", path, patch, header{"Content-Type", "application/json-patch+json"})
	if err := e.expect(http.StatusOK, changed); err != nil {
		return err
	}
	code := http.StatusUnprocessableEntity
	if acceptsAnything {
		code = http.StatusCreated
	}
	return e.eventually("the schema is in force", func() error {
		odd := job("odd")
		odd["spec"].(object)["tasks"] = 1
		return e.expect(code, e.request("POST", jobsPath+"?dryRun=All", odd))
	})
}

// test sends one request, and returns the smallest request that it shrinks to if the answers differ.
func (t *tester) test(number uint64) (*difference, error) {
	edits := 1 + int(number%3)
	wanted := make([]bool, edits)
	for i := range wanted {
		wanted[i] = true
	}
	found, err := t.try(number, wanted)
	for i := range wanted {
		if found == nil || err != nil {
			break
		}
		wanted[i] = false
		smaller, err := t.try(number, wanted)
		if err != nil {
			return nil, err
		}
		if wanted[i] = smaller == nil; smaller != nil {
			found = smaller
		}
	}
	return found, err
}

// try makes a request with some of its edits, and compares the answers.
func (t *tester) try(number uint64, wanted []bool) (*difference, error) {
	g := t.generator(number)
	existing, writes := choose(g, t.stored), g.IntN(8) == 0 && !t.isDry
	if writes {
		t.written++
		name, isDeleted := fmt.Sprintf("written-%d-%d", t.number, t.written), g.IntN(2) == 0
		stored, err := t.create(choose(g, templates), name, g.IntN(2) == 0, isDeleted)
		if err != nil {
			return nil, err
		}
		existing = stored
	}
	request, err := t.request(g, existing, writes, wanted)
	if err != nil {
		return nil, err
	}
	theirs, err := t.theirs(&request, writes)
	if errors.Is(err, io.EOF) && request.Method == "PATCH" {
		// The API server's library for JSON Patch reads a nil pointer, for example in a test without a
		// value, and the server ends the connection.
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := request.learn(theirs); err != nil {
		return nil, err
	}
	ours, err := t.ours.answer(request)
	if err != nil {
		return nil, err
	}
	if !writes {
		ours.Action, ours.Stored = "", ""
	}
	if !saysWhatIsInvalid(request, theirs) || ours.Invalid == nil {
		ours.Invalid, theirs.Invalid = nil, nil
	}
	if theirs.Action == managedFieldsOnly || t.env.same(theirs, ours) {
		return nil, t.record(request, theirs)
	}
	return &difference{request, theirs, ours}, nil
}

// generator makes the random choices of a request.
func (t *tester) generator(number uint64) *generator {
	return &generator{rand.New(rand.NewPCG(t.env.options.seed, number)), t.schema}
}

// theirs sends the request. If it writes, it finds out what happened to the stored Job, and removes that.
func (t *tester) theirs(request *exchange, writes bool) (answer, error) {
	if !writes {
		theirs, err := t.send(*request)
		theirs.Invalid = invalidIn(theirs)
		return theirs, err
	}
	path, _, _ := strings.Cut(request.URI, "?")
	before, err := t.env.stored(path)
	if err != nil {
		return answer{}, err
	}
	theirs, err := t.send(*request)
	if err != nil {
		return theirs, err
	}
	theirs.Invalid = invalidIn(theirs)
	after, err := t.env.stored(path)
	if err != nil {
		return theirs, err
	}
	switch {
	case after == "":
		theirs.Action = "delete"
	case after == before:
		theirs.Action = "keep"
	case sameStored(after, before):
		theirs.Action = managedFieldsOnly
	default:
		theirs.Action, theirs.Stored = "update", after
	}
	if answer, err := parse([]byte(theirs.Body)); err == nil && theirs.Code == http.StatusOK {
		request.Version = strings.Trim(answer.get("metadata").get("resourceVersion").text, `"`)
	}
	if after == "" {
		return theirs, nil
	}
	name := path[strings.LastIndex(path, "/")+1:]
	finalizers := object{"metadata": object{"finalizers": nil}}
	if err := t.env.expect(http.StatusOK, t.env.patch(name, finalizers)); err != nil {
		return theirs, err
	}
	if deleted := t.env.request("DELETE", path, nil); deleted.code != http.StatusNotFound {
		return theirs, t.env.expect(http.StatusOK, deleted)
	}
	return theirs, nil
}

// stored returns the text of a Job in etcd; empty if there is none.
func (e *environment) stored(path string) (string, error) {
	name := path[strings.LastIndex(path, "/")+1:]
	key := base64.StdEncoding.EncodeToString([]byte("/registry/batch.volcano.sh/jobs/" + namespace + "/" + name))
	response, err := e.http.Post(e.etcd+"/v3/kv/range", "application/json", strings.NewReader(scalar(object{"key": key})))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var found struct {
		Kvs []struct{ Value []byte }
	}
	if err := json.NewDecoder(response.Body).Decode(&found); err != nil || len(found.Kvs) == 0 {
		return "", err
	}
	return string(found.Kvs[0].Value), nil
}

// saysWhatIsInvalid says whether the API server got as far as validation.
func saysWhatIsInvalid(request exchange, theirs answer) bool {
	status, err := parse([]byte(theirs.Body))
	if err != nil || request.Method != "PUT" || strings.Contains(request.URI, statusPath) {
		return false
	}
	if theirs.Code != http.StatusUnprocessableEntity {
		return theirs.Code == http.StatusOK
	}
	details := status.get("details")
	return details != nil && details.get("kind") != nil && details.get("kind").text == `"Job"`
}

// invalidIn returns the fields in spec that a status names.
func invalidIn(theirs answer) []string {
	status, err := parse([]byte(theirs.Body))
	if err != nil || status.get("details") == nil || status.get("details").get("causes") == nil {
		return []string{}
	}
	var fields []string
	for _, cause := range status.get("details").get("causes").items {
		var told struct{ Field, Message string }
		if err := json.Unmarshal([]byte(cause.value.String()), &told); err != nil {
			panic(err)
		}
		// The API server does not always know the field; then its message ends with the path.
		if _, path, found := strings.Cut(told.Message, " format) in "); found {
			told.Field = path
		} else if _, path, found := strings.Cut(told.Message, "with format int32 in "); found {
			told.Field = path
		} else if _, path, found := strings.Cut(told.Message, "with format int64 in "); found {
			told.Field = path
		}
		if strings.HasPrefix(told.Field, "spec") {
			fields = append(fields, told.Field)
		}
	}
	return fields
}

// recording is held to write to the file of recorded requests.
var recording sync.Mutex

// record writes a short request that fails or leads to warnings to a file, for the tests of
// volcano-job-apiserver.
func (t *tester) record(request exchange, theirs answer) error {
	const short = 6000
	isPlain := theirs.Code == http.StatusOK && len(theirs.Warnings) == 0 && request.ContentType != applyPatch
	if t.env.options.record == "" || theirs.Action != "" || isPlain || isUnordered(theirs) {
		return nil
	}
	text, err := json.Marshal(map[string]any{"request": request, "answer": theirs})
	if err != nil || len(text) > short {
		return err
	}
	recording.Lock()
	defer recording.Unlock()
	file, err := os.OpenFile(t.env.options.record, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = fmt.Fprintf(file, "%s\n", text)
	return err
}

// request makes a request with random edits of a stored Job: mostly for that Job, sometimes for its
// status or to create another.
func (t *tester) request(g *generator, existing string, writes bool, wanted []bool) (exchange, error) {
	job, err := parse([]byte(existing))
	if err != nil {
		return exchange{}, err
	}
	name := strings.Trim(job.get("metadata").get("name").text, `"`)
	uri := jobsPath + "/" + name + "?" +
		choose(g, []string{"", "fieldValidation=Strict", "fieldValidation=Warn", "fieldValidation=Ignore"})
	if !writes {
		uri += "&dryRun=All"
	}
	made := exchange{Method: "PUT", URI: uri, ContentType: "application/json", Existing: existing}
	job.get("metadata").remove("managedFields")
	kind := g.IntN(20)
	seeds := make([]uint64, len(wanted))
	for i := range seeds {
		seeds[i] = g.Uint64()
	}
	edited := func(edit func(*generator)) {
		for i, seed := range seeds {
			if wanted[i] {
				edit(&generator{rand.New(rand.NewPCG(seed, 0)), g.schema})
			}
		}
	}
	switch other := g.IntN(10); {
	case other < 2 && !writes:
		g.post(job, &made, edited)
	case other < 4 && !writes:
		g.status(job, &made, edited)
	case kind < 7 && !writes:
		g.apply(job, &made, edited)
	case kind < 14:
		edited(func(g *generator) { g.edit(job) })
		made.Body = job.String()
	case kind < 17:
		made.Method, made.ContentType = "PATCH", "application/merge-patch+json"
		patch := &node{}
		edited(func(g *generator) { g.mergePatch(job, patch) })
		made.Body = patch.String()
	default:
		made.Method, made.ContentType = "PATCH", "application/json-patch+json"
		patch := &node{isList: true}
		edited(func(g *generator) { g.jsonPatch(job, patch) })
		made.Body = patch.String()
	}
	return made, nil
}

// post makes a request to create a Job like this one.
func (g *generator) post(job *node, made *exchange, edited func(func(*generator))) {
	metadata := job.get("metadata")
	metadata.remove("name")
	name := item{`"name"`, &node{text: scalar(fmt.Sprintf("posted-%d", g.IntN(1000)))}}
	if g.IntN(3) == 0 {
		name = item{`"generateName"`, &node{text: `"generated-"`}}
	}
	metadata.items = append(metadata.items, name)
	if g.IntN(4) > 0 {
		metadata.remove("resourceVersion")
	}
	edited(func(g *generator) { g.edit(job) })
	_, query, _ := strings.Cut(made.URI, "?")
	made.Method, made.URI, made.Existing, made.Body = "POST", jobsPath+"?"+query, "", job.String()
}

// status makes a request for the status of this Job.
func (g *generator) status(job *node, made *exchange, edited func(func(*generator))) {
	made.URI = strings.Replace(made.URI, "?", statusPath+"?", 1)
	if job.get("status") == nil {
		job.items = append(job.items, item{`"status"`, constant(`{}`)})
	}
	status := item{`"status"`, job.get("status")}
	if g.IntN(2) == 0 {
		made.Method, made.ContentType = "PATCH", "application/merge-patch+json"
		patch := &node{}
		edited(func(g *generator) { g.mergePatch(&node{items: []item{status}}, patch) })
		made.Body = patch.String()
		return
	}
	some := &node{items: []item{status}}
	edited(func(g *generator) {
		if len(some.items) > 0 && g.IntN(3) > 0 {
			g.edit(some)
		} else {
			g.edit(job)
		}
	})
	job.remove("status")
	job.items = append(job.items, some.items...)
	made.Body = job.String()
}

// mergePatch adds a change of a place to a JSON Merge Patch.
func (g *generator) mergePatch(job, patch *node) {
	at, found := g.place(job)
	if !found {
		return
	}
	for i, step := range at.path {
		if last := i == len(at.path)-1; last || step[0] != '"' || patch.isList || patch.text != "" {
			break
		}
		name, _ := strconv.Unquote(step)
		if patch.get(name) == nil {
			patch.items = append(patch.items, item{step, &node{}})
		}
		patch = patch.get(name)
	}
	if !patch.isObject() {
		return
	}
	key := at.path[len(at.path)-1]
	if key[0] != '"' {
		key = g.key(at.schema)
	}
	value := choose(g, []*node{constant("null"), g.oddValue(), g.valueOf(at.schema, 3), g.valueOf(at.schema, 3)})
	patch.items = append(patch.items, item{key, value})
}

// jsonPatch adds an operation on a place to a JSON Patch.
func (g *generator) jsonPatch(job, patch *node) {
	pointer := func() (string, place) {
		at, _ := g.place(job)
		var pointer strings.Builder
		for _, step := range at.path {
			if name, err := strconv.Unquote(step); err == nil {
				step = strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
			}
			pointer.WriteString("/" + step)
		}
		return pointer.String(), at
	}
	path, at := pointer()
	from, _ := pointer()
	if g.IntN(6) == 0 {
		path += choose(g, []string{"/-", "/0", "/a", "/unknown", "x"})
	}
	operation := choose(g, strings.Fields("add add replace replace remove move copy test"))
	value := choose(g, []*node{g.oddValue(), g.valueOf(at.schema, 3), at.value().clone()})
	members := []item{{`"op"`, &node{text: scalar(operation)}}, {`"path"`, &node{text: scalar(path)}}}
	switch operation {
	case "add", "replace", "test":
		members = append(members, item{`"value"`, value})
	case "move", "copy":
		members = append(members, item{`"from"`, &node{text: scalar(from)}})
	}
	patch.items = append(patch.items, item{value: &node{items: members}})
}

// send sends a request to the API server.
func (t *tester) send(request exchange) (answer, error) {
	return t.env.exchange(request)
}

func (s *endpoint) exchange(request exchange) (answer, error) {
	contentType := header{"Content-Type", request.ContentType}
	response, body := s.send(request.Method, request.URI, []byte(request.Body), contentType)
	got := answer{Code: response.code, Body: string(body), Warnings: []string{}}
	for _, warning := range response.warnings {
		text, _ := strings.CutPrefix(warning, "299 - ")
		got.Warnings = append(got.Warnings, unquoted(text))
	}
	return got, response.err
}

// unquoted returns the text of a quoted string of HTTP.
func unquoted(text string) string {
	text = strings.TrimSuffix(strings.TrimPrefix(text, `"`), `"`)
	var plain strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		plain.WriteByte(text[i])
	}
	return plain.String()
}

// same says whether two answers are the same, but for what no answer has to repeat: managedFields, and
// the order of causes and warnings, which the API server does not fix. Causes for numbers that are no
// integers are left out for an API server before Kubernetes 1.36, which has only the type error.
func (e *environment) same(theirs, ours answer) bool {
	if theirs.Code != ours.Code || !sameElements(theirs.Warnings, ours.Warnings) ||
		theirs.Action != ours.Action || !sameStored(theirs.Stored, ours.Stored) ||
		!slices.Equal(distinct(theirs.Invalid), distinct(ours.Invalid)) {
		return false
	}
	their, err := parse([]byte(theirs.Body))
	if err != nil {
		return theirs.Body == ours.Body
	}
	our, err := parse([]byte(ours.Body))
	if err != nil {
		return false
	}
	if isUnordered(theirs) {
		return true
	}
	if theirs.Code >= http.StatusBadRequest {
		return sameStatus(their, our, e.hasIntegerFormats())
	}
	for _, job := range []*node{their, our} {
		job.get("metadata").remove("managedFields")
	}
	return their.String() == our.String()
}

// sameStored compares stored Jobs but for managedFields and for the resourceVersion, which only etcd has.
func sameStored(theirs, ours string) bool {
	if theirs == "" || ours == "" {
		return theirs == ours
	}
	var texts []string
	for _, text := range []string{theirs, ours} {
		job, err := parse([]byte(text))
		if err != nil {
			return false
		}
		job.get("metadata").remove("managedFields")
		job.get("metadata").remove("resourceVersion")
		texts = append(texts, job.String())
	}
	return texts[0] == texts[1]
}

func distinct(paths []string) []string {
	paths = slices.Clone(paths)
	slices.Sort(paths)
	return slices.Compact(paths)
}

func sameStatus(their, our *node, hasIntegerFormats bool) bool {
	causes := func(status *node) []string {
		var texts []string
		if details := status.get("details"); details != nil {
			if causes := details.get("causes"); causes != nil {
				for _, cause := range causes.items {
					if text := cause.value.String(); hasIntegerFormats || !strings.Contains(text, "Checked value must be") {
						texts = append(texts, text)
					}
				}
				details.remove("causes")
			}
		}
		return texts
	}
	message := func(status *node) string {
		var text string
		if message := status.get("message"); message != nil {
			text = message.text
			status.remove("message")
		}
		return text
	}
	theirCauses, ourCauses := causes(their), causes(our)
	theirMessage, ourMessage := message(their), message(our)
	if len(theirCauses) > 0 && !hasIntegerFormats {
		theirMessage, ourMessage = "", ""
	}
	if len(theirCauses) > 1 {
		// The message lists the causes in their order.
		theirMessage, ourMessage = sortedBytes(theirMessage), sortedBytes(ourMessage)
	}
	return sameElements(theirCauses, ourCauses) && theirMessage == ourMessage && their.String() == our.String()
}

func sameElements(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func sortedBytes(text string) string {
	sorted := []byte(text)
	slices.Sort(sorted)
	return string(sorted)
}

// jobSchema returns the schema of a Job, with one for its metadata.
func (e *environment) jobSchema() (object, error) {
	schema, err := e.openAPISchema()
	if err != nil {
		return nil, err
	}
	schema["properties"].(object)["metadata"] = metadataSchema()
	return schema, nil
}

// responder is the program that answers requests with volcano-job-apiserver.
type responder struct {
	lock   sync.Mutex
	input  io.Writer
	output *bufio.Reader
}

func (e *environment) startResponder() (*responder, error) {
	program := filepath.Join(e.options.programs, "examples", "answer")
	schema, err := e.openAPISchema()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(e.path("schema.json"), []byte(scalar(schema)), 0o600); err != nil {
		return nil, err
	}
	command, input, output, err := e.pipe(program, e.path("schema.json"))
	if err != nil {
		return nil, err
	}
	e.processes = append(e.processes, command)
	return newResponder(input, output), nil
}

func newResponder(input io.Writer, output io.Reader) *responder {
	return &responder{input: input, output: bufio.NewReaderSize(output, 1<<20)}
}

func (r *responder) answer(request exchange) (answer, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(request); err != nil {
		return answer{}, err
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	if _, err := r.input.Write(text.Bytes()); err != nil {
		return answer{}, err
	}
	line, err := r.output.ReadBytes('\n')
	if err != nil {
		return answer{}, fmt.Errorf("no answer to %s: %w", text.String(), err)
	}
	var got answer
	return got, json.Unmarshal(line, &got)
}
