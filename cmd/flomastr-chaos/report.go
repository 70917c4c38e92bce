package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// report is what all runs found; it is written after each.
type report struct {
	name string

	mu      sync.Mutex
	results []result
	held    bool
}

func (r *report) add(found result, s scenario, said string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.results = append(r.results, found); len(found.Violations) > 0 {
		r.held = false
		fmt.Println(said)
	}
	fmt.Printf("%s seed %d: %d acknowledged, 99%% within %d ms, %d violations  (%s)\n", found.Scenario, found.Seed, found.Acknowledged, found.SlowestMS, len(found.Violations), s.what)
	for _, v := range found.Violations {
		fmt.Println("   ", v)
	}
	content, err := json.MarshalIndent(r.results, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(r.name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(r.name, append(content, '\n'), 0o600)
}
