package main

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// measures are how much is measured.
type measures struct {
	// duration is that of each load.
	duration time.Duration
	// jobs is the number of Jobs that are listed and kept in memory, watchers that of the watches.
	jobs, watchers int
	// starts is how often each server is started, lists how often Jobs are listed, and writes how many
	// writes are watched.
	starts, lists, writes int
}

func (m *measures) define() {
	flag.DurationVar(&m.duration, "duration", 10*time.Second, "how long each load is measured")
	flag.IntVar(&m.jobs, "jobs", 10_000, "the number of Jobs that are listed")
	flag.IntVar(&m.watchers, "watchers", 1000, "the number of watches")
	flag.IntVar(&m.starts, "starts", 5, "how often each server is started")
	flag.IntVar(&m.lists, "lists", 5, "how often the Jobs are listed")
	flag.IntVar(&m.writes, "writes", 50, "the number of writes that are watched")
}

// subject is a server that is measured.
type subject struct {
	endpoint
	title string
	// run starts the process, without waiting until it answers.
	run     func() (*exec.Cmd, error)
	process *exec.Cmd
	// ended waits until the process has ended.
	ended func()
	etcd  *exec.Cmd
}

// figure is a row of the table.
type figure struct {
	title string
	// format is for the values, one for each subject; a negative value is none.
	format string
	values []float64
	// more says that more is better.
	more bool
}

// printFigures measures the servers one after the other, each while no other runs, and prints a table.
func (e *environment) printFigures() error {
	if err := e.expect(http.StatusOK, e.request("DELETE", jobsPath, nil)); err != nil {
		return err
	}
	synced, err := timeSyncs()
	if err != nil {
		return err
	}
	table := &table{measures: e.options.measures, synced: synced}
	for _, prepare := range []func() (*subject, error){e.apiSubject, e.storeSubject, e.etcdSubject} {
		s, err := prepare()
		if err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "measuring", s.title)
		table.titles = append(table.titles, s.title)
		if err := table.measure(s); err != nil {
			return fmt.Errorf("%s: %w", s.title, err)
		}
		s.end()
		if s.etcd != nil {
			_ = s.etcd.Process.Kill()
			_ = s.etcd.Wait()
		}
	}
	fmt.Print(table)
	return nil
}

func (e *environment) apiSubject() (*subject, error) {
	port, err := strconv.Atoi(e.api[strings.LastIndex(e.api, ":")+1:])
	if err != nil {
		return nil, err
	}
	s := &subject{endpoint: e.endpoint, title: "kube-apiserver", process: e.apiProcess, etcd: e.etcdProcess}
	s.run = func() (*exec.Cmd, error) {
		err := e.runAPIServer(port)
		return e.apiProcess, err
	}
	s.ended = func() { _ = s.process.Wait() }
	return s, nil
}

func (e *environment) storeSubject() (*subject, error) {
	return e.ourSubject("volcano-job-server", nil)
}

func (e *environment) etcdSubject() (*subject, error) {
	url, process, err := e.startEtcd("etcd-of-job-server")
	if err != nil {
		return nil, err
	}
	return e.ourSubject("volcano-job-server --etcd", process, "--etcd", url)
}

func (e *environment) ourSubject(title string, etcd *exec.Cmd, arguments ...string) (*subject, error) {
	server, err := e.startJobServer(strings.ReplaceAll(title, " ", ""), append(arguments, "--log-level", "warn")...)
	if err != nil {
		return nil, err
	}
	s := &subject{endpoint: server.endpoint, title: title, process: server.process, etcd: etcd}
	address := strings.TrimPrefix(server.api, "https://")
	s.run = func() (*exec.Cmd, error) {
		err := server.run(address)
		return server.process, err
	}
	s.ended = func() { <-server.ended }
	return s, nil
}

// end stops the server.
func (s *subject) end() {
	_ = s.process.Process.Signal(os.Interrupt)
	s.ended()
	s.http.CloseIdleConnections()
}

// table is what was measured.
type table struct {
	// synced is how long a small write to the disk takes, which no acknowledged PUT can be faster than.
	synced   time.Duration
	measures measures
	titles   []string
	rows     []*figure
}

// measure adds a column.
func (t *table) measure(s *subject) error {
	m := t.measures
	if _, err := s.create(sized("first", 2)); err != nil {
		return err
	}
	start, err := s.timeStarts(m.starts)
	if err != nil {
		return err
	}
	t.add("start to first answer, one Job (ms)", "%.0f", milliseconds(start), false)
	for _, tasks := range []int{2, 100} {
		for _, clients := range []int{1, 16} {
			load, err := s.puts(clients, tasks, m.duration)
			if err != nil {
				return fmt.Errorf("PUT: %w", err)
			}
			t.addLoad("PUT", clients, tasks, load)
		}
	}
	for _, clients := range []int{1, 16} {
		load, err := s.gets(clients, 2, m.duration)
		if err != nil {
			return fmt.Errorf("GET: %w", err)
		}
		t.addLoad("GET", clients, 2, load)
	}
	if err := s.removeAll(); err != nil {
		return err
	}
	if err := s.fill(m.jobs); err != nil {
		return err
	}
	if err := t.addMemory(s); err != nil {
		return err
	}
	return t.measureFull(s)
}

// measureFull measures a server that has all Jobs.
func (t *table) measureFull(s *subject) error {
	m := t.measures
	took, bytes, err := s.timeLists(m.lists, m.jobs)
	if err != nil {
		return err
	}
	t.add(fmt.Sprintf("LIST of %d Jobs (ms)", m.jobs), "%.0f", milliseconds(took), false)
	t.add("its size (MiB)", "%.1f", float64(bytes)/(1<<20), false)
	half, last, err := s.fanOut(m.watchers, m.writes)
	if err != nil {
		return err
	}
	t.add(fmt.Sprintf("from the answer to a write until %d watches have it (ms), median", m.watchers), "%.1f", milliseconds(half), false)
	t.add("the slowest of "+strconv.Itoa(m.writes), "%.1f", milliseconds(last), false)
	start, err := s.timeStarts(m.starts)
	if err != nil {
		return err
	}
	t.add(fmt.Sprintf("start to first answer, %d Jobs (ms)", m.jobs), "%.0f", milliseconds(start), false)
	return nil
}

func (t *table) addLoad(method string, clients, tasks int, load *load) {
	title := fmt.Sprintf("%s, %d clients, %d tasks", method, clients, tasks)
	if clients == 1 {
		title = fmt.Sprintf("%s, 1 client, %d tasks", method, tasks)
	}
	t.add(title+" (1/s)", "%.0f", load.rate(), true)
	t.add("its 99th percentile (ms)", "%.2f", milliseconds(load.quantile(0.99)), false)
}

func (t *table) addMemory(s *subject) error {
	own, err := resident(s.process)
	if err != nil {
		return err
	}
	t.add(fmt.Sprintf("memory with %d Jobs (MiB)", t.measures.jobs), "%.0f", own, false)
	other := -1.0
	if s.etcd != nil {
		if other, err = resident(s.etcd); err != nil {
			return err
		}
	}
	t.add("that of etcd (MiB)", "%.0f", other, false)
	return nil
}

// add adds a value to the row that is next for this column.
func (t *table) add(title, format string, value float64, more bool) {
	column := len(t.titles) - 1
	for _, row := range t.rows {
		if len(row.values) == column {
			row.values = append(row.values, value)
			return
		}
	}
	t.rows = append(t.rows, &figure{title: title, format: format, values: []float64{value}, more: more})
}

// String is the table in Markdown. A ratio says how many times better a server is than the first one.
func (t *table) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d processors, %v for each load. ", runtime.NumCPU(), t.measures.duration)
	fmt.Fprintf(&text, "A write of 1 KiB that is synced takes %.2f ms.\n\n", milliseconds(t.synced))
	fmt.Fprintf(&text, "| | %s |", t.titles[0])
	for _, title := range t.titles[1:] {
		fmt.Fprintf(&text, " `%s` | ratio |", title)
	}
	fmt.Fprintf(&text, "\n|---|%s\n", strings.Repeat("---:|", 2*len(t.titles)-1))
	for _, row := range t.rows {
		fmt.Fprintf(&text, "| %s | %s |", row.title, row.cell(0))
		for column := 1; column < len(row.values); column++ {
			fmt.Fprintf(&text, " %s | %s |", row.cell(column), row.ratio(column))
		}
		text.WriteString("\n")
	}
	return text.String()
}

func (f *figure) cell(column int) string {
	if f.values[column] < 0 {
		return ""
	}
	return fmt.Sprintf(f.format, f.values[column])
}

func (f *figure) ratio(column int) string {
	theirs, ours := f.values[0], f.values[column]
	if theirs <= 0 || ours <= 0 {
		return ""
	}
	if !f.more {
		theirs, ours = ours, theirs
	}
	return fmt.Sprintf("%.1f", ours/theirs)
}

func milliseconds(duration time.Duration) float64 {
	return float64(duration) / float64(time.Millisecond)
}

// timeSyncs measures writes as a server makes them that has one client, with pauses in between.
func timeSyncs() (time.Duration, error) {
	file, err := os.CreateTemp("", "synced")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	took := make([]time.Duration, 500)
	for i := range took {
		time.Sleep(500 * time.Microsecond)
		start := time.Now()
		if _, err := file.WriteAt(make([]byte, 1024), int64(i)*1024); err != nil {
			return 0, err
		}
		if err := syscall.Fdatasync(int(file.Fd())); err != nil {
			return 0, err
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return quantile(took, 0.5), nil
}

// resident is the memory of a process in MiB.
func resident(process *exec.Cmd) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, found := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	if !found || len(fields) == 0 {
		return 0, errors.New("the process has no memory")
	}
	kibibytes, err := strconv.ParseFloat(fields[0], 64)
	return kibibytes / 1024, err
}
