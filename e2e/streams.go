package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// streams tests concurrent updates while the webhook changes.
func streams() []scenario {
	return []scenario{
		{"certificates change under load: every update gets the right answer", rotation},
		{"killed and restarted under load: no denied update is stored", killed},
		{"terminated and restarted under load: no denied update is stored", terminated},
	}
}

// tally counts the answers to a stream of updates.
type tally struct {
	allowed, denied, unanswered atomic.Int64
	mutex                       sync.Mutex
	wrong                       []string
}

func (t *tally) note(format string, arguments ...any) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.wrong = append(t.wrong, fmt.Sprintf(format, arguments...))
}

// stream sends updates from several clients while `do` runs. Every second update must be denied.
func stream(e *environment, clients int, do func() error) (*tally, error) {
	var names []string
	for range clients {
		_, name, err := e.fresh()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	tally, stop := &tally{}, make(chan struct{})
	var running sync.WaitGroup
	for _, name := range names {
		running.Go(func() { tally.send(e, name, stop) })
	}
	err := do()
	close(stop)
	running.Wait()
	if err == nil && len(tally.wrong) > 0 {
		err = fmt.Errorf("%d wrong answers: %s", len(tally.wrong), tally.wrong[0])
	}
	return tally, err
}

func (t *tally) send(e *environment, name string, stop <-chan struct{}) {
	for turn := 0; ; turn++ {
		select {
		case <-stop:
			return
		default:
		}
		labels := object{"metadata": object{"labels": object{"turn": fmt.Sprint(turn)}}}
		t.count(e.patch(name, labels), http.StatusOK, &t.allowed)
		queue := object{"spec": object{"queue": fmt.Sprintf("other-%d", turn)}}
		t.count(e.patch(name, queue), http.StatusForbidden, &t.denied)
		stored, err := e.get(name)
		if err != nil || at(stored, "spec", "queue") != "default" {
			t.note("a denied update was stored: %v %v", err, at(stored, "spec", "queue"))
		}
	}
}

func (t *tally) count(got reply, code int, counter *atomic.Int64) {
	switch {
	case got.err == nil && got.code == code:
		counter.Add(1)
	case got.code == http.StatusInternalServerError && strings.Contains(got.message(), "failed calling webhook"):
		t.unanswered.Add(1)
	default:
		t.note("expected %d, got %s", code, got)
	}
}

func (e *environment) noteTally(tally *tally) {
	e.note("%d updates allowed, %d denied, %d failed because the webhook did not answer",
		tally.allowed.Load(), tally.denied.Load(), tally.unanswered.Load())
}

func rotation(e *environment) error {
	const times = 5
	tally, err := stream(e, 4, func() error {
		for range times {
			before, err := e.webhook.serial()
			if err != nil {
				return err
			}
			if err := e.webhook.renewCertificate(); err != nil {
				return err
			}
			err = e.eventually("the new certificate is in use", func() error {
				after, err := e.webhook.serial()
				if err == nil && after == before {
					return fmt.Errorf("the old certificate is in use")
				}
				return err
			})
			if err != nil {
				return err
			}
			time.Sleep(300 * time.Millisecond)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if unanswered := tally.unanswered.Load(); unanswered > 0 {
		return fmt.Errorf("%d updates were not answered", unanswered)
	}
	e.note("%d new certificates", times)
	e.noteTally(tally)
	return nil
}

func killed(e *environment) error {
	return interruptRepeatedly(e, func() error {
		e.webhook.kill()
		time.Sleep(300 * time.Millisecond)
		return e.webhook.start()
	})
}

func terminated(e *environment) error {
	return interruptRepeatedly(e, func() error { return e.webhook.restartWith() })
}

// interruptRepeatedly interrupts the webhook several times. Afterwards it must answer as before.
func interruptRepeatedly(e *environment, interrupt func() error) error {
	const times = 5
	tally, err := stream(e, 4, func() error {
		for range times {
			time.Sleep(500 * time.Millisecond)
			if err := interrupt(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	e.note("%d times", times)
	e.noteTally(tally)
	if tally.allowed.Load() == 0 || tally.denied.Load() == 0 {
		return fmt.Errorf("no update was allowed or none was denied")
	}
	return e.eventually("it answers again", func() error {
		if err := e.expectDenial(e.patch("probe", object{"spec": object{"queue": "other"}})); err != nil {
			return err
		}
		labels := object{"metadata": object{"labels": object{"again": "yes"}}}
		return e.expect(http.StatusOK, e.patch("probe?dryRun=All", labels))
	})
}
