package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// sharedStores tests two volcano-job-servers on the etcd of the API server.
func sharedStores() []scenario {
	return []scenario{
		{"volcano-job-server on the etcd of kube-apiserver: what one of three servers writes, all read, list and watch", sharedJobs},
		{"volcano-job-server on the etcd of kube-apiserver: concurrent changes through three servers are all made, one after the other", sharedCounter},
		{"volcano-job-server on the etcd of kube-apiserver: it goes on where it was after it was killed", sharedRestart},
	}
}

// sharing are the arguments with which a volcano-job-server uses the etcd of the API server.
func sharing(e *environment) []string {
	return []string{"--etcd", e.etcd}
}

// member is one of the servers that share the store.
type member struct {
	*endpoint
	name string
	// server is nil for the API server.
	server *jobServer
}

// members are the API server and two others.
func (e *environment) members() ([]member, error) {
	if err := e.unconfigure(); err != nil {
		return nil, err
	}
	all := []member{{&e.endpoint, "kube-apiserver", nil}}
	for _, name := range []string{"shared-a", "shared-b"} {
		s, err := e.startJobServer(name, append(sharing(e), asKubernetes...)...)
		if err != nil {
			return nil, err
		}
		all = append(all, member{&s.endpoint, name, s})
	}
	return all, nil
}

func killAll(members []member) {
	for _, member := range members {
		if member.server != nil {
			member.server.kill()
		}
	}
}

// watchStream is the answer to a watch.
type watchStream struct {
	lines  *bufio.Reader
	cancel context.CancelFunc
}

// watchFrom watches the Jobs from a resourceVersion.
func (s *endpoint) watchFrom(version string) (*watchStream, error) {
	ctx, cancel := context.WithTimeout(s.ctx, timeout)
	path := s.api + jobsPath + "?watch=1&resourceVersion=" + version
	request, err := http.NewRequestWithContext(ctx, "GET", path, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	response, err := s.http.Do(request)
	if err != nil {
		cancel()
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		cancel()
		return nil, fmt.Errorf("the watch is answered with %d", response.StatusCode)
	}
	return &watchStream{bufio.NewReader(response.Body), cancel}, nil
}

func (s *watchStream) next() (string, error) {
	return s.lines.ReadString('\n')
}

// watchAll watches the Jobs at all servers, from the resourceVersion of a list.
func watchAll(members []member) ([]*watchStream, error) {
	_, version, err := members[0].list()
	if err != nil {
		return nil, err
	}
	var streams []*watchStream
	for _, member := range members {
		stream, err := member.watchFrom(strconv.Itoa(version))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", member.name, err)
		}
		streams = append(streams, stream)
	}
	return streams, nil
}

// list returns the Jobs as text, and the resourceVersion of the list.
func (s *endpoint) list() (string, int, error) {
	answer, text := s.send("GET", jobsPath, nil)
	if err := s.expect(http.StatusOK, answer); err != nil {
		return "", 0, err
	}
	list, err := parse(text)
	if err != nil {
		return "", 0, err
	}
	version, err := versionOf(list)
	list.get("metadata").remove("resourceVersion")
	return list.String(), version, err
}

func versionOf(job *node) (int, error) {
	metadata := job.get("metadata")
	if metadata == nil || metadata.get("resourceVersion") == nil {
		return 0, fmt.Errorf("there is no resourceVersion: %s", job)
	}
	return strconv.Atoi(strings.Trim(metadata.get("resourceVersion").text, `"`))
}

// write is a request that changes a Job. In its body, VERSION is the resourceVersion of the Job.
type write struct {
	method, suffix, contentType, body string
	// event is the type of the event that a watch has for it.
	event string
}

// writes are all that can be done to a Job, from the beginning to its end.
func writes(name string) []write {
	put := job(name)
	firstTask(put)["replicas"] = 2
	put["metadata"].(object)["resourceVersion"] = "VERSION"
	const plain, merge, operations = "application/json", "application/merge-patch+json", "application/json-patch+json"
	withStatus := clone(put)
	withStatus["status"] = object{"state": object{"phase": "Running"}, "running": 1}
	return []write{
		{"POST", "", plain, asText(job(name)), "ADDED"},
		{"PUT", "", plain, asText(put), "MODIFIED"},
		{"PATCH", "", merge, `{"metadata":{"labels":{"a":"b"}},"spec":{"maxRetry":4}}`, "MODIFIED"},
		{"PATCH", "", operations, `[{"op":"add","path":"/metadata/annotations","value":{"c":"d <&>"}}]`, "MODIFIED"},
		{"PUT", "/status", plain, asText(withStatus), "MODIFIED"},
		{"PATCH", "/status", merge, `{"status":{"running":2}}`, "MODIFIED"},
		{"PATCH", "", merge, `{"metadata":{"finalizers":["example.com/a"]}}`, "MODIFIED"},
		{"DELETE", "", plain, "", "MODIFIED"},
		{"PATCH", "", merge, `{"metadata":{"finalizers":null}}`, "DELETED"},
	}
}

// sharedJobs sends each write to each of the servers in turn, and reads the Job at all of them.
func sharedJobs(e *environment) error {
	members, err := e.members()
	if err != nil {
		return err
	}
	defer killAll(members)
	streams, err := watchAll(members)
	if err != nil {
		return err
	}
	var events []string
	last := 0
	for first := range members {
		name := fmt.Sprintf("shared-%d", first)
		version := ""
		for i, write := range writes(name) {
			through := members[(first+i)%len(members)]
			what := fmt.Sprintf("%s%s through %s", write.method, write.suffix, through.name)
			written, err := through.write(name, write, version)
			if err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			job, err := parse([]byte(written))
			if err != nil {
				return err
			}
			next, err := versionOf(job)
			if err != nil || write.event != "DELETED" && next <= last {
				return fmt.Errorf("%s: the resourceVersion %d is not above %d: %v", what, next, last, err)
			}
			last, version = next, strconv.Itoa(next)
			if err := readEverywhere(members, name, written, write.event, last); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			events = append(events, write.event)
		}
	}
	if err := sameEvents(members, streams, events); err != nil {
		return err
	}
	e.note("%d writes, each read, listed and watched byte for byte the same at %d servers", len(events), len(members))
	return nil
}

// write sends a write, and returns the body of the answer.
func (s *endpoint) write(name string, write write, version string) (string, error) {
	path, code := jobsPath+"/"+name+write.suffix, http.StatusOK
	if write.method == "POST" {
		path, code = jobsPath, http.StatusCreated
	}
	body := strings.ReplaceAll(write.body, "VERSION", version)
	answer, text := s.send(write.method, path, []byte(body), header{"Content-Type", write.contentType})
	if answer.code != code {
		return "", fmt.Errorf("expected %d, got %d %s", code, answer.code, text)
	}
	return string(text), answer.err
}

// readEverywhere reads a Job at all servers at once after a write.
func readEverywhere(members []member, name, written, event string, version int) error {
	var first string
	for _, member := range members {
		answer, text := member.send("GET", jobsPath+"/"+name, nil)
		if event == "DELETED" {
			if err := member.expect(http.StatusNotFound, answer); err != nil {
				return fmt.Errorf("%s: %w", member.name, err)
			}
		} else if string(text) != written {
			return fmt.Errorf("%s has %d\n%s, not\n%s", member.name, answer.code, text, written)
		}
		listed, at, err := member.list()
		if err != nil {
			return fmt.Errorf("%s: %w", member.name, err)
		}
		if at < version {
			return fmt.Errorf("the list of %s is as of %d, before %d", member.name, at, version)
		}
		if first == "" {
			first = listed
		} else if listed != first {
			return fmt.Errorf("%s lists\n%s, not\n%s", member.name, listed, first)
		}
	}
	return nil
}

// sameEvents reads these events from all watches, which must have the same bytes.
func sameEvents(members []member, streams []*watchStream, events []string) error {
	defer func() {
		for _, stream := range streams {
			stream.cancel()
		}
	}()
	for i, event := range events {
		var first string
		for j, stream := range streams {
			line, err := stream.next()
			if err != nil {
				return fmt.Errorf("event %d of %s: %w", i, members[j].name, err)
			}
			if !strings.HasPrefix(line, `{"type":"`+event+`"`) {
				return fmt.Errorf("event %d of %s is not %s: %s", i, members[j].name, event, line)
			}
			if first == "" {
				first = line
			} else if line != first {
				return fmt.Errorf("event %d of %s is\n%s, not\n%s", i, members[j].name, line, first)
			}
		}
	}
	return nil
}

// sharedCounter lets clients of all servers count in one Job.
func sharedCounter(e *environment) error {
	const clients, times = 4, 20
	members, err := e.members()
	if err != nil {
		return err
	}
	defer killAll(members)
	_, name, err := e.fresh()
	if err != nil {
		return err
	}
	streams, err := watchAll(members)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	var lock sync.Mutex
	var versions []int
	var errs []error
	conflicts := 0
	for _, member := range members {
		for range clients {
			group.Go(func() {
				for range times {
					version, lost, err := member.increment(name)
					lock.Lock()
					versions, errs, conflicts = append(versions, version), append(errs, err), conflicts+lost
					lock.Unlock()
				}
			})
		}
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	slices.Sort(versions)
	for j, stream := range streams {
		if err := counts(stream, versions); err != nil {
			return fmt.Errorf("%s: %w", members[j].name, err)
		}
	}
	e.note("%d changes, %d conflicts", len(versions), conflicts)
	return nil
}

// increment adds one to the counter in a Job. It returns the resourceVersion and the number of conflicts.
func (s *endpoint) increment(name string) (version, conflicts int, err error) {
	for {
		stored, err := s.get(name)
		if err != nil {
			return 0, conflicts, err
		}
		labels, _ := at(stored, "metadata", "labels").(object)
		text, _ := labels["count"].(string)
		count, _ := strconv.Atoi(text)
		stored["metadata"].(object)["labels"] = object{"count": strconv.Itoa(count + 1)}
		done := s.put(stored, "")
		if done.code == http.StatusConflict {
			conflicts++
			continue
		}
		if err := s.expect(http.StatusOK, done); err != nil {
			return 0, conflicts, err
		}
		version, err := strconv.Atoi(at(done.body, "metadata", "resourceVersion").(string))
		return version, conflicts, err
	}
}

// counts reads the writes with these resourceVersions from a watch. Each must count one further.
func counts(stream *watchStream, versions []int) error {
	defer stream.cancel()
	for i, version := range versions {
		line, err := stream.next()
		if err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		event, err := parse([]byte(line))
		if err != nil {
			return err
		}
		job := event.get("object")
		seen, err := versionOf(job)
		if err != nil {
			return err
		}
		count := job.get("metadata").get("labels").get("count").text
		if seen != version || count != scalar(strconv.Itoa(i+1)) {
			return fmt.Errorf("event %d has the resourceVersion %d and the count %s, not %d and %d", i, seen, count, version, i+1)
		}
	}
	return nil
}

// sharedRestart kills a server. The changes that are made in the meantime are in its lists and watches
// afterwards.
func sharedRestart(e *environment) error {
	members, err := e.members()
	if err != nil {
		return err
	}
	defer killAll(members)
	api, ours := members[0], members[1]
	_, name, err := e.fresh()
	if err != nil {
		return err
	}
	for turn := range 3 {
		ours.server.kill()
		changed := api.patch(name, object{"metadata": object{"labels": object{"turn": fmt.Sprint(turn)}}})
		if err := api.expect(http.StatusOK, changed); err != nil {
			return err
		}
		if err := ours.server.restart(); err != nil {
			return err
		}
		stored, err := ours.get(name)
		if err != nil {
			return err
		}
		if scalar(stored) != scalar(changed.body) {
			return fmt.Errorf("%s has %v, not %v", ours.name, stored, changed.body)
		}
		streams, err := watchAll(members)
		if err != nil {
			return err
		}
		back := ours.patch(name, object{"metadata": object{"labels": object{"turn": "back"}}})
		if err := ours.expect(http.StatusOK, back); err != nil {
			return err
		}
		if err := sameEvents(members, streams, []string{"MODIFIED"}); err != nil {
			return err
		}
	}
	return nil
}
