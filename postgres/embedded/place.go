package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
)

// DataDir chooses the folder of everything that an installation keeps: the named one, else .flomastr beside the nearest
// Makefile above the program, else the user's state folder. It is not made here.
func DataDir(named, program string, getenv func(string) string) (string, error) {
	if named != "" {
		return filepath.Abs(named)
	}
	if real, err := filepath.EvalSymlinks(program); err == nil {
		program = real
	}
	for dir := filepath.Dir(program); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(filepath.Join(dir, "Makefile")); err == nil && info.Mode().IsRegular() {
			return filepath.Join(dir, ".flomastr"), nil
		}
		if dir == filepath.Dir(dir) {
			return stateDir(runtime.GOOS, getenv)
		}
	}
}

// stateDir is where a user's programs keep what must outlast them.
func stateDir(system string, getenv func(string) string) (string, error) {
	home := getenv("HOME")
	switch {
	case getenv("XDG_STATE_HOME") != "":
		return filepath.Join(getenv("XDG_STATE_HOME"), "flomastr"), nil
	case system == "windows" && getenv("LOCALAPPDATA") != "":
		return filepath.Join(getenv("LOCALAPPDATA"), "flomastr"), nil
	case home == "":
		return "", errors.New("there is no home folder to keep data in: name a folder in FLOMASTR_DATA_DIR")
	case system == "darwin":
		return filepath.Join(home, "Library", "Application Support", "flomastr"), nil
	default:
		return filepath.Join(home, ".local", "state", "flomastr"), nil
	}
}

// rootsHome is where clusters lie that root starts: an unprivileged user, as whom PostgreSQL must run, could not enter a
// private home.
const rootsHome = "/var/lib/flomastr"

var notInNames = regexp.MustCompile(`[^a-zA-Z0-9]+`)

// ClusterDir gives the cluster's own data directory for an installation's data directory, and the operating system user
// it runs as (empty: the default). A cluster that an ordinary user has made inside the data directory is used by root
// too, as that user.
func ClusterDir(dataDir string, root bool) (dir, user string) {
	inside := filepath.Join(dataDir, "pg")
	if !root {
		return inside, ""
	}
	if owner := ownerOf(filepath.Join(inside, "PG_VERSION")); owner != "" && owner != "root" {
		return inside, owner
	}
	sum := sha256.Sum256([]byte(dataDir))
	word := notInNames.ReplaceAllString(filepath.Base(filepath.Dir(dataDir)), "")
	return filepath.Join(rootsHome, fmt.Sprintf("%.24s-%s", word, hex.EncodeToString(sum[:4])), "pg"), ""
}
