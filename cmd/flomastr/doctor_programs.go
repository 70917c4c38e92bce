package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/flomastr/flomastr/internal/pgcluster"
)

// The versions of pgvector that matter: before the first, what we ask of it is missing; before the second, a parallel
// index build can overflow a buffer, which the private database avoids and an operator's has to.
var (
	vectorNeeded  = [3]int{0, 8, 0}
	vectorAdvised = [3]int{0, 8, 2}
)

// checkPrograms looks for what the private database is made of.
func checkPrograms(bin string) []finding {
	if bin == "" {
		var err error
		if bin, err = pgcluster.FindBinaries(); err != nil {
			return []finding{{"PostgreSQL", failure, err.Error(), ""}}
		}
	}
	v, err := pgcluster.BinaryVersion(bin)
	if err != nil || v < pgcluster.MinVersion {
		return []finding{{"PostgreSQL", failure, fmt.Sprintf("no server of version %d or newer in %s", pgcluster.MinVersion, bin), "correct FLOMASTR_PG_BIN, or leave it empty"}}
	}
	out := []finding{{"PostgreSQL", fine, fmt.Sprintf("version %d in %s", v, bin), ""}}
	return append(out, checkVectorFile(bin, v))
}

var controlVersion = regexp.MustCompile(`(?m)^default_version\s*=\s*'([^']+)'`)

// checkVectorFile reads the version of pgvector from its control file, since no database may be running.
func checkVectorFile(bin string, server int) finding {
	install := fmt.Sprintf("make deps installs it; by hand: the package postgresql-%d-pgvector, or its source", server)
	share, err := pgcluster.ShareDir(bin)
	if err != nil {
		return finding{"pgvector", failure, err.Error(), install}
	}
	content, err := os.ReadFile(filepath.Join(share, "extension", "vector.control"))
	if err != nil {
		return finding{"pgvector", failure, fmt.Sprintf("is not installed for PostgreSQL %d", server), install}
	}
	m := controlVersion.FindStringSubmatch(string(content))
	if m == nil {
		return finding{"pgvector", failure, "its control file names no version", install}
	}
	state, detail, mend := judgeVector(m[1])
	return finding{"pgvector", state, detail, mend}
}

// judgeVector says what a version of pgvector is worth.
func judgeVector(version string) (state, detail, mend string) {
	have := parseVersion(version)
	switch {
	case less(have, vectorNeeded):
		return failure, "version " + version + " is too old: 0.8.0 or newer is needed", "install pgvector 0.8.2 or newer, then in each database: ALTER EXTENSION vector UPDATE"
	case less(have, vectorAdvised):
		return warning, "version " + version, "install 0.8.2 or newer when you can: until then leave max_parallel_maintenance_workers = 0 (the private database does), because a parallel index build can overflow a buffer"
	}
	return fine, "version " + version, ""
}

func parseVersion(s string) [3]int {
	var out [3]int
	for i, part := range strings.SplitN(s, ".", 3) {
		out[i], _ = strconv.Atoi(part) // what is no number counts as the oldest
	}
	return out
}

func less(a, b [3]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}
