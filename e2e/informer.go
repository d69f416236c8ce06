package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
)

// informers tests volcano-job-server with the informers of client-go, as controllers use them.
func informers() []scenario {
	return []scenario{
		{"volcano-job-server: an informer of client-go sees each change once and in order", informerSeesChanges},
		{"volcano-job-server: its cache is right again after the server was killed", informerSurvivesRestarts},
		{"volcano-job-server: its cache is right again after its resourceVersion has expired (410)", informerSurvivesExpiry},
	}
}

// resource is that of Jobs.
var resource = schema.GroupVersionResource{Group: "batch.volcano.sh", Version: "v1alpha1", Resource: "jobs"}

// observer is an informer whose events are recorded.
type observer struct {
	informer cache.SharedIndexInformer
	events   chan event
	stop     chan struct{}
}

// event is what an informer says about a Job.
type event struct {
	kind, name, version string
}

// observe starts an informer, and waits until it has the Jobs.
func (s *jobServer) observe() (*observer, error) {
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, namespace, nil)
	o := &observer{informer: factory.ForResource(resource).Informer(), events: make(chan event, 10_000), stop: make(chan struct{})}
	record := func(kind string, seen any) {
		if last, isLast := seen.(cache.DeletedFinalStateUnknown); isLast {
			seen = last.Obj
		}
		job := seen.(*unstructured.Unstructured)
		o.events <- event{kind, job.GetName(), job.GetResourceVersion()}
	}
	_, err = o.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(added any) { record("add", added) },
		UpdateFunc: func(_, updated any) { record("update", updated) },
		DeleteFunc: func(deleted any) { record("delete", deleted) },
	})
	if err != nil {
		return nil, err
	}
	// It is not told on standard error that the server is not there.
	if err := o.informer.SetWatchErrorHandler(func(*cache.Reflector, error) {}); err != nil {
		return nil, err
	}
	go o.informer.Run(o.stop)
	if !cache.WaitForCacheSync(s.ctx.Done(), o.informer.HasSynced) {
		return nil, errors.New("the informer has no Jobs")
	}
	return o, nil
}

// next returns the next event.
func (o *observer) next() (event, error) {
	select {
	case seen := <-o.events:
		return seen, nil
	case <-time.After(timeout):
		return event{}, errors.New("timeout: the informer sees nothing")
	}
}

// expect returns an error unless the next event is this one. The resourceVersion of a deletion is not known.
func (o *observer) expect(kind string, job object) error {
	seen, err := o.next()
	wanted := event{kind, at(job, "metadata", "name").(string), at(job, "metadata", "resourceVersion").(string)}
	if kind == "delete" {
		wanted.version = seen.version
	}
	if err == nil && seen != wanted {
		err = fmt.Errorf("the informer sees %v, not %v", seen, wanted)
	}
	return err
}

// settles waits until the cache has the Jobs that the server has.
func (o *observer) settles(s *jobServer) error {
	listed := s.request("GET", jobsPath, nil)
	if err := s.expect(http.StatusOK, listed); err != nil {
		return err
	}
	var wanted []string
	for _, job := range listed.body["items"].([]any) {
		wanted = append(wanted, scalar(job))
	}
	slices.Sort(wanted)
	return s.env.eventually("the cache of the informer is right", func() error {
		var cached []string
		for _, job := range o.informer.GetStore().List() {
			cached = append(cached, scalar(job.(*unstructured.Unstructured).Object))
		}
		slices.Sort(cached)
		if !slices.Equal(cached, wanted) {
			return fmt.Errorf("it has %d Jobs, the server %d: %v\n%v", len(cached), len(wanted), cached, wanted)
		}
		return nil
	})
}

// changes changes Jobs in all ways, and says what an informer sees of each change.
func (s *jobServer) changes(name string, seen func(kind string, job object) error) error {
	created, err := s.create(job(name))
	if err != nil {
		return err
	}
	if err := seen("add", created); err != nil {
		return err
	}
	firstTask(created)["replicas"] = 2
	guard := object{"metadata": object{"finalizers": []any{"example.com/guard"}}}
	for _, change := range []func() reply{
		func() reply { return s.put(created, "") },
		func() reply { return s.patch(name, object{"metadata": object{"labels": object{"a": "b"}}}) },
		func() reply { return s.patch(name+"/status", object{"status": object{"running": 1}}) },
		func() reply { return s.patch(name, guard) },
		func() reply { return s.request("DELETE", jobsPath+"/"+name, nil) },
	} {
		changed := change()
		if err := s.expect(http.StatusOK, changed); err != nil {
			return err
		}
		if err := seen("update", changed.body); err != nil {
			return err
		}
	}
	released := s.patch(name, object{"metadata": object{"finalizers": nil}})
	if err := s.expect(http.StatusOK, released); err != nil {
		return err
	}
	return seen("delete", released.body)
}

func informerSeesChanges(e *environment) error {
	s, err := e.startJobServer("informer", asKubernetes...)
	if err != nil {
		return err
	}
	defer s.kill()
	before, err := s.create(job("before"))
	if err != nil {
		return err
	}
	o, err := s.observe()
	if err != nil {
		return err
	}
	defer close(o.stop)
	if err := o.expect("add", before); err != nil {
		return err
	}
	// First each change is seen before the next one is made, then they are made as fast as they can be.
	if err := s.changes("slow", o.expect); err != nil {
		return err
	}
	type seen struct {
		kind string
		job  object
	}
	var all []seen
	for turn := range 50 {
		err := s.changes(fmt.Sprintf("fast-%d", turn), func(kind string, job object) error {
			all = append(all, seen{kind, job})
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, one := range all {
		if err := o.expect(one.kind, one.job); err != nil {
			return err
		}
	}
	// What is in the cache is what GET answers.
	stored, err := s.get("before")
	if err != nil {
		return err
	}
	cached, _, err := o.informer.GetStore().GetByKey(namespace + "/before")
	if err != nil || scalar(cached.(*unstructured.Unstructured).Object) != scalar(stored) {
		return fmt.Errorf("the cache has %v: %v", cached, err)
	}
	e.note("%d events in order", len(all)+8)
	return o.settles(s)
}

func informerSurvivesRestarts(e *environment) error {
	const times = 3
	s, err := e.startJobServer("restarts", asKubernetes...)
	if err != nil {
		return err
	}
	defer s.kill()
	o, err := s.observe()
	if err != nil {
		return err
	}
	defer close(o.stop)
	highest := 0
	for turn := range times {
		name := fmt.Sprintf("kept-%d", turn)
		created, err := s.create(job(name))
		if err != nil {
			return err
		}
		s.kill()
		if err := s.restart(); err != nil {
			return err
		}
		stored, err := s.get(name)
		if err != nil {
			return err
		}
		if scalar(stored) != scalar(created) {
			return fmt.Errorf("the Job is not as it was: %v", stored)
		}
		changed := s.patch(name, object{"metadata": object{"labels": object{"turn": fmt.Sprint(turn)}}})
		if err := s.expect(http.StatusOK, changed); err != nil {
			return err
		}
		version, err := strconv.Atoi(at(changed.body, "metadata", "resourceVersion").(string))
		if err != nil || version <= highest {
			return fmt.Errorf("the resourceVersion %d is not above %d: %v", version, highest, err)
		}
		highest = version
		if err := o.settles(s); err != nil {
			return err
		}
	}
	e.note("killed %d times", times)
	return nil
}

// informerSurvivesExpiry lets Jobs change while the informer cannot reach the server, until the server no
// longer knows the changes since the resourceVersion that the informer has.
func informerSurvivesExpiry(e *environment) error {
	s, err := e.startJobServer("expiry", asKubernetes...)
	if err != nil {
		return err
	}
	defer func() { s.kill() }()
	o, err := s.observe()
	if err != nil {
		return err
	}
	defer close(o.stop)
	var last object
	for _, name := range []string{"deleted", "changed"} {
		if last, err = s.create(job(name)); err != nil {
			return err
		}
		if err := o.expect("add", last); err != nil {
			return err
		}
	}
	address := strings.TrimPrefix(s.api, "https://")
	s.kill()
	if err := s.start("127.0.0.1:0"); err != nil {
		return err
	}
	if err := s.changeUnseen(at(last, "metadata", "resourceVersion").(string)); err != nil {
		return err
	}
	s.kill()
	if err := s.start(address); err != nil {
		return err
	}
	return o.settles(s)
}

// changeUnseen changes Jobs until a watch from a resourceVersion is answered with 410. A server remembers
// fewer changes if they are of large Jobs.
func (s *jobServer) changeUnseen(version string) error {
	const most, large = 100_000, 200_000
	if err := s.expect(http.StatusOK, s.request("DELETE", jobsPath+"/deleted", nil)); err != nil {
		return err
	}
	for turn := range most {
		annotations := object{"turn": fmt.Sprint(turn), "large": strings.Repeat("x", large)}
		changed := s.patch("changed", object{"metadata": object{"annotations": annotations}})
		if err := s.expect(http.StatusOK, changed); err != nil {
			return err
		}
		isExpired, err := s.isExpired(version)
		if isExpired {
			s.env.note("expired after %d changes", turn+2)
		}
		if isExpired || err != nil {
			return err
		}
	}
	return fmt.Errorf("%d changes later, the resourceVersion %s has not expired", most, version)
}

// isExpired says whether the first event of a watch is an error with the code 410.
func (s *jobServer) isExpired(version string) (bool, error) {
	stream, err := s.watchFrom(version)
	if err != nil {
		return false, err
	}
	defer stream.cancel()
	line, err := stream.next()
	if err != nil {
		return false, err
	}
	var first struct {
		Type   string
		Object struct{ Code int }
	}
	err = json.Unmarshal([]byte(line), &first)
	return first.Type == "ERROR" && first.Object.Code == http.StatusGone, err
}
