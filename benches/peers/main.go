// Prints the wall time of two ways of comparing JSON documents, in microseconds, a line for each:
// structured-merge-diff without a schema, and equality.Semantic.DeepEqual. Both start with the two texts.
package main

import (
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
)

const (
	// The approximate duration of a sample, which repeats the call.
	sample = 2 * time.Millisecond
	rounds = 50
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: %s EXISTING REPLACEMENT", os.Args[0]))
	}
	existing, err := os.ReadFile(os.Args[1])
	fail(err)
	replacement, err := os.ReadFile(os.Args[2])
	fail(err)
	for _, call := range []func() error{
		func() error { return mergeDiff(existing, replacement) },
		func() error { return deepEqual(existing, replacement) },
	} {
		fmt.Printf("%.1f\n", fastest(call))
	}
}

func mergeDiff(existing, replacement []byte) error {
	values, err := parse(existing, replacement)
	if err != nil {
		return err
	}
	var sides [2]*typed.TypedValue
	for i, value := range values {
		if sides[i], err = typed.DeducedParseableType.FromUnstructured(value); err != nil {
			return err
		}
	}
	_, err = sides[0].Compare(sides[1])
	return err
}

func deepEqual(existing, replacement []byte) error {
	values, err := parse(existing, replacement)
	if err != nil {
		return err
	}
	equality.Semantic.DeepEqual(values[0], values[1])
	return nil
}

func parse(existing, replacement []byte) (values [2]map[string]any, err error) {
	for i, text := range [][]byte{existing, replacement} {
		if err := json.Unmarshal(text, &values[i]); err != nil {
			return values, err
		}
	}
	return values, nil
}

// Microseconds per call of the fastest sample.
func fastest(call func() error) float64 {
	calls := 1
	for duration(call, calls) < sample {
		calls *= 2
	}
	least := time.Hour
	for range rounds {
		least = min(least, duration(call, calls)/time.Duration(calls))
	}
	return float64(least.Nanoseconds()) / 1000
}

func duration(call func() error, calls int) time.Duration {
	start := time.Now()
	for range calls {
		fail(call())
	}
	return time.Since(start)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
