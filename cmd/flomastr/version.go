package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the build: go build -ldflags "-X main.version=…".
var version = ""

type versionCommand struct{}

// Run prints one line.
func (versionCommand) Run(s *surroundings) error {
	_, err := fmt.Fprintf(s.stdout, "flomastr %s %s/%s %s\n", buildVersion(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	return err
}

// buildVersion is the version that the build gave, else what Go noted of the commit, else "dev".
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "dev-" + s.Value[:12]
			}
		}
	}
	return "dev"
}
