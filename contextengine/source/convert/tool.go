package convert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// searchPath is where the programs are looked for. The environment's own PATH is not used: a worker has none.
const searchPath = "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin"

// maxOutput caps what a program may print; a document of a thousand pages prints some ten megabytes.
const maxOutput = 96 << 20

// Tool is a program that some kind of document needs.
type Tool struct {
	Name    string // of the program
	Package string // of the distribution
	Reads   string // what cannot be read without it
	Path    string // empty where it is missing

	Optional bool // without it a part of what we read is refused; the rest is not touched
}

var programs = []Tool{
	{Name: "pdftotext", Package: "poppler-utils", Reads: "PDF documents"},
	{Name: "pdftohtml", Package: "poppler-utils", Reads: "PDF documents"},
	{Name: "pdftoppm", Package: "poppler-utils", Reads: "scanned PDF documents"},
	{Name: "pdfimages", Package: "poppler-utils", Reads: "scanned PDF documents"},
	{Name: "pandoc", Package: "pandoc", Reads: "Word and OpenDocument texts"},
	{Name: "tesseract", Package: "tesseract-ocr", Reads: "pictures of text", Optional: true},
	{Name: "rsvg-convert", Package: "librsvg2-bin", Reads: "SVG logos"},
}

// Tools says which programs are there, for doctor.
func Tools() []Tool {
	tools := slices.Clone(programs)
	for i := range tools {
		tools[i].Path, _ = lookUp(tools[i].Name)
	}
	return tools
}

func lookUp(name string) (string, error) {
	for _, dir := range filepath.SplitList(searchPath) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	if file, err := exec.LookPath(name); err == nil && filepath.IsAbs(file) { // Windows, and unusual places
		return file, nil
	}
	missing := ErrToolMissing
	for _, t := range programs {
		if t.Name == name {
			missing = sentence(missing, "The server lacks a program that reads "+t.Reads+"; its operator can install the package "+t.Package+".")
		}
	}
	return "", missing.Because(fmt.Errorf("%s: not found", name))
}

// tool runs a program on a file of ours and gives what it prints. No shell is involved, the environment is empty but for
// what the program needs to run, and the limits of the worker hold for its children.
func tool(ctx context.Context, dir, name string, args ...string) (stdout []byte, stderr string, err error) {
	file, err := lookUp(name)
	if err != nil {
		return nil, "", err
	}
	cmd := exec.CommandContext(ctx, file, args...)
	cmd.Dir = dir
	cmd.Env = toolEnvironment(dir)
	out, complaints := &capped{left: maxOutput}, &capped{left: 16 << 10, forgive: true}
	cmd.Stdout, cmd.Stderr = out, complaints
	err = cmd.Run()
	if out.full {
		return nil, "", ErrTooComplex.Because(fmt.Errorf("%s prints more than %d bytes", name, maxOutput))
	}
	stderr = complaints.buf.String()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && !exit.Exited() || outOfMemory(stderr) {
			return nil, stderr, ErrTooComplex.Because(fmt.Errorf("%s: %w: %s", name, err, firstLine(stderr)))
		}
		return nil, stderr, fmt.Errorf("%s: %w: %s", name, err, firstLine(stderr))
	}
	return out.buf.Bytes(), stderr, nil
}

func toolEnvironment(dir string) []string {
	env := []string{"PATH=" + searchPath, "HOME=" + dir, "TMPDIR=" + dir, "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "OMP_THREAD_LIMIT=1"}
	if root := os.Getenv("SystemRoot"); root != "" { // nothing starts on Windows without it
		env = append(env, "SystemRoot="+root)
	}
	return env
}

func outOfMemory(stderr string) bool {
	s := strings.ToLower(stderr)
	for _, sign := range []string{"out of memory", "heap exhausted", "bad_alloc", "cannot allocate memory", "memory exhausted", "stack overflow"} {
		if strings.Contains(s, sign) {
			return true
		}
	}
	return false
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line[:min(len(line), 300)]
}

// capped keeps the first bytes that are written to it. Past the cap it fails the writer, or forgives and forgets.
type capped struct {
	buf     bytes.Buffer
	left    int
	full    bool
	forgive bool
}

func (c *capped) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.buf.Write(p[:n])
	c.left -= n
	if n < len(p) {
		if c.forgive {
			return len(p), nil
		}
		c.full = true
		return n, errors.New("output over the cap")
	}
	return n, nil
}
