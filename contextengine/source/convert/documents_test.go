package convert

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestMain lets the test binary be its own worker, as the real binary is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Command {
		if act := os.Getenv(misbehaveEnv); act != "" {
			misbehave(act)
		}
		os.Exit(Worker(os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// TestDocumentsMeetTheirExpectations reads real files that are no part of the repository, where they are present.
func TestDocumentsMeetTheirExpectations(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "..", "..", "shared", "data", "documents")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the shared documents are not here")
	}
	needTools(t)
	report, err := New(Config{}).Check(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Failed {
		t.Errorf("%s: %v", f.Document, f.Reasons)
	}
	out, _ := json.MarshalIndent(report, "", " ")
	t.Logf("%s", out)
}

func needTools(t testing.TB) {
	t.Helper()
	for _, tool := range Tools() {
		if tool.Path == "" && !tool.Optional {
			t.Skipf("%s is not installed (package %s)", tool.Name, tool.Package)
		}
	}
	if Sandbox().Weak {
		t.Skip("no sandbox on this machine")
	}
}
