package main

import (
	"bufio"
	"bytes"
	"encoding/json"
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
}

// answer is a response.
type answer struct {
	Code     int      `json:"code"`
	Body     string   `json:"body"`
	Warnings []string `json:"warnings"`
}

// difference is a request that has two answers.
type difference struct {
	Request exchange `json:"request"`
	Theirs  answer   `json:"theirs"`
	Ours    answer   `json:"ours"`
}

// tester sends requests for Jobs of its own.
type tester struct {
	env    *environment
	ours   *responder
	schema object
	stored []string
}

func compareAnswers(e *environment) error {
	ours, err := e.startResponder()
	if err != nil {
		return err
	}
	schema, err := e.jobSchema()
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
			tester := &tester{env: e, ours: ours, schema: schema}
			err := tester.store(worker)
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
	return e.report(found)
}

// report writes the differences to a file, and fails if there are any.
func (e *environment) report(found []difference) error {
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
			e.options.seed, len(found), e.options.requests, path)
	}
	return nil
}

// store creates the Jobs that the requests are for.
func (t *tester) store(worker int) error {
	for _, name := range []string{"bare", "created", "documented-existing", "rich", "trio", "unnamed"} {
		job, err := t.env.read(name)
		if err != nil {
			return err
		}
		for _, isDeleted := range []bool{false, true} {
			job := withoutServerFields(job)
			metadata := job["metadata"].(object)
			metadata["name"] = fmt.Sprintf("%s-%d-%v", name, worker, isDeleted)
			if isDeleted {
				metadata["finalizers"] = []any{"example.com/a", "example.com/b"}
			}
			if err := t.env.expect(http.StatusCreated, t.env.request("POST", jobsPath, job)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			path := jobsPath + "/" + metadata["name"].(string)
			if isDeleted {
				if err := t.env.expect(http.StatusOK, t.env.request("DELETE", path, nil)); err != nil {
					return err
				}
			}
			stored, err := t.send(exchange{Method: "GET", URI: path, ContentType: "application/json"})
			if err != nil {
				return err
			}
			t.stored = append(t.stored, stored.Body)
		}
	}
	return nil
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
	g := &generator{rand.New(rand.NewPCG(t.env.options.seed, number)), t.schema}
	request, err := t.request(g, wanted)
	if err != nil {
		return nil, err
	}
	theirs, err := t.send(request)
	if err != nil {
		return nil, err
	}
	ours, err := t.ours.answer(request)
	if err != nil {
		return nil, err
	}
	if same(theirs, ours) {
		return nil, t.record(request, theirs)
	}
	return &difference{request, theirs, ours}, nil
}

// record writes a short request that fails or leads to warnings to a file, for the tests of
// volcano-job-apiserver.
func (t *tester) record(request exchange, theirs answer) error {
	const short = 6000
	if t.env.options.record == "" || theirs.Code == http.StatusOK && len(theirs.Warnings) == 0 {
		return nil
	}
	text, err := json.Marshal(map[string]any{"request": request, "theirs": theirs})
	if err != nil || len(text) > short {
		return err
	}
	t.ours.lock.Lock()
	defer t.ours.lock.Unlock()
	file, err := os.OpenFile(t.env.options.record, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = fmt.Fprintf(file, "%s\n", text)
	return err
}

// request makes a dry run with random edits.
func (t *tester) request(g *generator, wanted []bool) (exchange, error) {
	existing := choose(g, t.stored)
	job, err := parse([]byte(existing))
	if err != nil {
		return exchange{}, err
	}
	name := strings.Trim(job.get("metadata").get("name").text, `"`)
	uri := jobsPath + "/" + name + "?dryRun=All" +
		choose(g, []string{"", "&fieldValidation=Strict", "&fieldValidation=Warn", "&fieldValidation=Ignore"})
	made := exchange{"PUT", uri, "application/json", existing, ""}
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
	switch {
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
	contentType := header{"Content-Type", request.ContentType}
	response, body := t.env.send(request.Method, request.URI, []byte(request.Body), contentType)
	got := answer{Code: response.code, Body: string(body)}
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
// the order of causes and warnings, which the API server does not fix.
func same(theirs, ours answer) bool {
	if theirs.Code != ours.Code || !sameElements(theirs.Warnings, ours.Warnings) {
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
	if theirs.Code >= http.StatusBadRequest {
		return sameStatus(their, our)
	}
	for _, job := range []*node{their, our} {
		job.get("metadata").remove("managedFields")
	}
	return their.String() == our.String()
}

func sameStatus(their, our *node) bool {
	causes := func(status *node) []string {
		var texts []string
		if details := status.get("details"); details != nil {
			if causes := details.get("causes"); causes != nil {
				for _, cause := range causes.items {
					texts = append(texts, cause.value.String())
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
	command, input, output, err := e.pipe(program)
	if err != nil {
		return nil, err
	}
	e.processes = append(e.processes, command)
	return &responder{input: input, output: bufio.NewReaderSize(output, 1<<20)}, nil
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
