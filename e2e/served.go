package main

import "strings"

// served compares the answers of the API server with those of volcano-job-server, which reads the stored
// Jobs from the same etcd.
func served() []scenario {
	return []scenario{
		{"random dry runs have the same answers from the API server and, over HTTP, from volcano-job-server", compareServed},
	}
}

func compareServed(e *environment) error {
	if err := e.unconfigure(); err != nil {
		return err
	}
	s, err := e.startJobServer("served", append(sharing(e), asKubernetes...)...)
	if err != nil {
		return err
	}
	defer s.kill()
	return e.compareAnswersOf(s, true)
}

// answer sends a request to the server. What each server chooses for a new Job is replaced by what the API
// server chose.
func (s *jobServer) answer(request exchange) (answer, error) {
	got, err := s.exchange(request)
	if err != nil || request.Method != "POST" {
		return got, err
	}
	chosen := exchange{Method: request.Method}
	if _, err := chosen.learn(got); err != nil {
		return got, err
	}
	for own, their := range map[string]string{chosen.UID: request.UID, chosen.Time: request.Time, chosen.Suffix: request.Suffix} {
		if own != "" {
			got.Body = strings.ReplaceAll(got.Body, own, their)
		}
	}
	return got, nil
}
