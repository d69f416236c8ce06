package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// load is how long each of the answers took that clients got in a time.
type load struct {
	took    []time.Duration
	elapsed time.Duration
}

func (l *load) rate() float64 {
	return float64(len(l.took)) / l.elapsed.Seconds()
}

func (l *load) quantile(part float64) time.Duration {
	return quantile(l.took, part)
}

func quantile(sorted []time.Duration, part float64) time.Duration {
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}

// connected is an HTTP client with a connection of its own, over HTTP/2 and TLS.
type connected struct {
	*endpoint
	client *http.Client
	body   bytes.Buffer
}

func (s *endpoint) connect() *connected {
	config := s.http.Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = nil
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, DisableCompression: true}
	return &connected{endpoint: s, client: &http.Client{Transport: transport}}
}

func (c *connected) close() {
	c.client.CloseIdleConnections()
}

// do sends a request, and reads the answer into the buffer.
func (c *connected) do(ctx context.Context, method, path string, body []byte) error {
	response, err := c.open(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	c.body.Reset()
	if _, err := c.body.ReadFrom(response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated {
		return fmt.Errorf("%s %s: %d %s", method, path, response.StatusCode, c.body.String())
	}
	return nil
}

func (c *connected) open(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.api+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.ProtoMajor != 2 {
		return nil, errors.Join(fmt.Errorf("the server speaks %s", response.Proto), response.Body.Close())
	}
	return response, nil
}

// sized returns a Job with a number of tasks, and with all that Volcano fills in at creation.
func sized(name string, tasks int) object {
	sized := job(name)
	var all []any
	for i := range tasks {
		all = append(all, task(fmt.Sprintf("task-%d", i), object{"minAvailable": 1, "maxRetry": 3}))
	}
	sized["spec"].(object)["tasks"] = all
	return sized
}

// putter replaces a Job again and again. The number of replicas of a task changes each time.
type putter struct {
	*connected
	path    string
	parts   [3][]byte
	request []byte
	version []byte
	turns   int
}

func newPutter(s *endpoint, name string, tasks int) (*putter, error) {
	if _, err := s.create(sized(name, tasks)); err != nil {
		return nil, err
	}
	stored := s.request("GET", jobsPath+"/"+name, nil)
	if err := s.expect(http.StatusOK, stored); err != nil {
		return nil, err
	}
	version := at(stored.body, "metadata", "resourceVersion").(string)
	body := sized(name, tasks)
	body["metadata"].(object)["resourceVersion"] = "VERSION"
	firstTask(body)["replicas"] = "REPLICAS"
	before, rest, _ := bytes.Cut([]byte(scalar(body)), []byte("VERSION"))
	middle, after, _ := bytes.Cut(rest, []byte(`"REPLICAS"`))
	return &putter{connected: s.connect(), path: jobsPath + "/" + name, parts: [3][]byte{before, middle, after},
		version: []byte(version)}, nil
}

func (p *putter) put(ctx context.Context) error {
	p.turns++
	replicas := []byte{'1' + byte(p.turns%2)}
	p.request = append(p.request[:0], p.parts[0]...)
	for _, part := range [][]byte{p.version, p.parts[1], replicas, p.parts[2]} {
		p.request = append(p.request, part...)
	}
	if err := p.do(ctx, "PUT", p.path, p.request); err != nil {
		return err
	}
	version, err := versionIn(p.body.Bytes())
	p.version = append(p.version[:0], version...)
	return err
}

// versionIn finds the resourceVersion of a Job, or of an event with one.
func versionIn(text []byte) ([]byte, error) {
	_, rest, found := bytes.Cut(text, []byte(`"resourceVersion":"`))
	version, _, ends := bytes.Cut(rest, []byte(`"`))
	if !found || !ends {
		return nil, fmt.Errorf("there is no resourceVersion: %s", text)
	}
	return version, nil
}

// puts measures clients that each replace a Job of their own.
func (s *endpoint) puts(clients, tasks int, duration time.Duration) (*load, error) {
	var putters []*putter
	var dos []func(context.Context) error
	for i := range clients {
		putter, err := newPutter(s, fmt.Sprintf("put-%d-%d-%d", clients, tasks, i), tasks)
		if err != nil {
			return nil, err
		}
		defer putter.close()
		putters, dos = append(putters, putter), append(dos, putter.put)
	}
	load, err := s.measure(dos, duration)
	if err != nil {
		return nil, err
	}
	// The last answer is what is stored.
	for _, putter := range putters {
		if err := putter.do(s.ctx, "GET", putter.path, nil); err != nil {
			return nil, err
		}
		version, err := versionIn(putter.body.Bytes())
		if err != nil || !bytes.Equal(version, putter.version) {
			return nil, fmt.Errorf("the stored Job has the resourceVersion %s, not %s: %v", version, putter.version, err)
		}
	}
	return load, nil
}

// gets measures clients that each read a Job of their own.
func (s *endpoint) gets(clients, tasks int, duration time.Duration) (*load, error) {
	var dos []func(context.Context) error
	for i := range clients {
		name := fmt.Sprintf("get-%d-%d", clients, i)
		if _, err := s.create(sized(name, tasks)); err != nil {
			return nil, err
		}
		client := s.connect()
		defer client.close()
		dos = append(dos, func(ctx context.Context) error { return client.do(ctx, "GET", jobsPath+"/"+name, nil) })
	}
	return s.measure(dos, duration)
}

// measure lets clients send one request after the other for some time.
func (s *endpoint) measure(clients []func(context.Context) error, duration time.Duration) (*load, error) {
	took, errs := make([][]time.Duration, len(clients)), make([]error, len(clients))
	// The connections are there before the time begins.
	for _, do := range clients {
		if err := do(s.ctx); err != nil {
			return nil, err
		}
	}
	var group sync.WaitGroup
	begun := time.Now()
	for i, do := range clients {
		group.Go(func() {
			for sent := time.Now(); sent.Sub(begun) < duration && errs[i] == nil; {
				errs[i] = do(s.ctx)
				now := time.Now()
				took[i] = append(took[i], now.Sub(sent))
				sent = now
			}
		})
	}
	group.Wait()
	all := &load{took: slices.Concat(took...), elapsed: time.Since(begun)}
	slices.Sort(all.took)
	return all, errors.Join(errs...)
}

// removeAll deletes the Jobs.
func (s *endpoint) removeAll() error {
	return s.expect(http.StatusOK, s.request("DELETE", jobsPath, nil))
}

// fill creates Jobs with two tasks.
func (s *endpoint) fill(jobs int) error {
	const clients = 16
	numbers := make(chan int)
	errs := make([]error, clients)
	var group sync.WaitGroup
	for i := range clients {
		group.Go(func() {
			client := s.connect()
			defer client.close()
			for number := range numbers {
				if errs[i] == nil {
					body := scalar(sized(fmt.Sprintf("filled-%d", number), 2))
					errs[i] = client.do(s.ctx, "POST", jobsPath, []byte(body))
				}
			}
		})
	}
	for number := range jobs {
		numbers <- number
	}
	close(numbers)
	group.Wait()
	return errors.Join(errs...)
}

// timeLists returns the median time of a list, and its size.
func (s *endpoint) timeLists(times, jobs int) (time.Duration, int, error) {
	client := s.connect()
	defer client.close()
	var took []time.Duration
	for range times {
		begun := time.Now()
		if err := client.do(s.ctx, "GET", jobsPath, nil); err != nil {
			return 0, 0, err
		}
		took = append(took, time.Since(begun))
	}
	if listed := strings.Count(client.body.String(), `"creationTimestamp":`); listed != jobs {
		return 0, 0, fmt.Errorf("%d Jobs are listed, not %d", listed, jobs)
	}
	slices.Sort(took)
	return quantile(took, 0.5), client.body.Len(), nil
}

// fanOut returns the median and the longest time from the answer to a write until all watches have it.
func (s *endpoint) fanOut(watchers, writes int) (half, last time.Duration, err error) {
	const streams = 50
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	writer, err := newPutter(s, "watched", 2)
	if err != nil {
		return 0, 0, err
	}
	defer writer.close()
	var have sync.WaitGroup
	failed := make(chan error, watchers)
	var client *connected
	for number := range watchers {
		if number%streams == 0 {
			client = s.connect()
			defer client.close()
		}
		path := jobsPath + "?watch=1&resourceVersion=" + string(writer.version)
		response, err := client.open(ctx, "GET", path, nil)
		if err != nil {
			return 0, 0, err
		}
		if response.StatusCode != http.StatusOK {
			return 0, 0, fmt.Errorf("a watch is answered with %d", response.StatusCode)
		}
		go func() {
			defer response.Body.Close()
			if err := readEvents(response.Body, &have); ctx.Err() == nil {
				failed <- fmt.Errorf("a watch ended: %w", err)
			}
		}()
	}
	var took []time.Duration
	for range writes {
		have.Add(watchers)
		if err := writer.put(ctx); err != nil {
			return 0, 0, err
		}
		answered := time.Now()
		all := make(chan struct{})
		go func() {
			have.Wait()
			close(all)
		}()
		select {
		case <-all:
			took = append(took, time.Since(answered))
		case err := <-failed:
			return 0, 0, err
		case <-time.After(timeout):
			return 0, 0, errors.New("timeout: some watches do not have a write")
		}
	}
	slices.Sort(took)
	return quantile(took, 0.5), took[len(took)-1], nil
}

// readEvents counts down with each event.
func readEvents(body io.Reader, have *sync.WaitGroup) error {
	reader := bufio.NewReader(body)
	for {
		_, err := reader.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return err
		default:
			have.Done()
		}
	}
}

// timeStarts stops and starts a server, and returns the median time until it answers a request for a Job.
func (s *subject) timeStarts(times int) (time.Duration, error) {
	var took []time.Duration
	path, err := s.anyJob()
	if err != nil {
		return 0, err
	}
	for range times {
		s.end()
		begun := time.Now()
		if s.process, err = s.run(); err != nil {
			return 0, err
		}
		client := s.connect()
		for client.do(s.ctx, "GET", path, nil) != nil {
			if time.Since(begun) > timeout || s.ctx.Err() != nil {
				return 0, errors.New("timeout: the server does not answer")
			}
			time.Sleep(time.Millisecond)
		}
		took = append(took, time.Since(begun))
		client.close()
	}
	slices.Sort(took)
	return quantile(took, 0.5), nil
}

// anyJob returns the path of a Job.
func (s *endpoint) anyJob() (string, error) {
	list := s.request("GET", jobsPath+"?limit=1", nil)
	name, found := at(list.body, "items", 0, "metadata", "name").(string)
	if !found {
		return "", fmt.Errorf("there is no Job: %s", list)
	}
	return jobsPath + "/" + name, nil
}
