package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/flomastr/flomastr/contextengine/source/convert"
	"github.com/flomastr/flomastr/postgres/embedded"
	"github.com/flomastr/flomastr/web"
)

type doctorCommand struct {
	All      doctorAll      `cmd:"" default:"withargs" help:"Look at everything: settings, tools, disk, port, database. Exit code 1 if something must be mended."`
	Database doctorDatabase `cmd:"" help:"Look at the database closely. Exit codes: 0 fine, 10 name not found, 11 refused, 12 no answer, 13 TLS, 14 password, 15 rights, 16 pgvector, 17 version, 18 something else."`
}

// The states of a finding.
const (
	fine    = "ok"
	warning = "warning"
	failure = "failure"
)

// finding is one thing that was looked at. None of its words holds a secret.
type finding struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	Detail string `json:"detail"`
	Mend   string `json:"mend,omitempty"` // what to do about it
}

type doctorAll struct {
	Config
	JSON bool `name:"json" help:"Print the findings as JSON."`
}

// Run looks at everything and prints what it found.
func (c *doctorAll) Run(ctx context.Context, s *surroundings, src *sources) error {
	cfg, _, err := settle(c.Config, s, src)
	if err != nil && !errors.Is(err, ErrSettings) {
		return err
	}
	findings := []finding{checkSource(src)}
	findings = append(findings, checkSettings(cfg, src)...)
	findings = append(findings, checkDataDir(cfg.DataDir), checkPort(ctx, cfg), checkReach(cfg), checkWeb())
	findings = append(findings, checkTools()...)
	findings = append(findings, checkSandbox(cfg))
	findings = append(findings, checkDatabase(ctx, cfg)...)
	findings = append(findings, checkColdServers(ctx, cfg)...)
	return report(s.stdout, c.JSON, findings, 1)
}

// report prints findings and gives the exit code of the worst.
func report(w io.Writer, asJSON bool, findings []finding, code int) error {
	failed := false
	for _, f := range findings {
		failed = failed || f.State == failure
	}
	if asJSON {
		out := json.NewEncoder(w)
		out.SetIndent("", "  ")
		if err := out.Encode(findings); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			fmt.Fprintf(w, "%-8s %-28s %s\n", f.State, f.Name, f.Detail)
			if f.Mend != "" {
				fmt.Fprintf(w, "%38s→ %s\n", "", f.Mend)
			}
		}
	}
	if failed {
		return exitError(code)
	}
	return nil
}

func checkSource(src *sources) finding {
	if src.file == "" {
		return finding{"settings file", fine, "no .env here; the environment and the defaults count", ""}
	}
	return finding{"settings file", fine, src.file, ""}
}

// checkSettings has a line for each setting that needs one, and one for the rest.
func checkSettings(cfg Config, src *sources) []finding {
	var out []finding
	given := 0
	for _, row := range cfg.Settings() {
		switch {
		case row.Status == SettingInvalid:
			out = append(out, finding{row.Name, failure, row.Problem, row.Help})
		case row.Status == SettingMissing:
			out = append(out, finding{row.Name, failure, "is missing", row.Help})
		case row.Unused && row.Given:
			out = append(out, finding{row.Name, warning, "is given, and this version does not use it yet", ""})
		case row.Given:
			given++
		}
	}
	for _, name := range src.unknown() {
		out = append(out, finding{name, warning, "looks like a setting of ours but is none", "is it misspelt? flomastr serve --help lists the settings"})
	}
	return append(out, finding{"settings", fine, fmt.Sprintf("%d of %d have a value", given, len(table())), ""})
}

// roomWanted is the free space under which a server with a few tenants would soon stand still.
const roomWanted = 1 << 30

func checkDataDir(dir string) finding {
	probeIn := dir
	for {
		if _, err := os.Stat(probeIn); err == nil || probeIn == filepath.Dir(probeIn) {
			break
		}
		probeIn = filepath.Dir(probeIn) // not made yet: its parent has to be writable
	}
	f, err := os.CreateTemp(probeIn, ".doctor-*")
	if err != nil {
		return finding{"data directory", failure, dir + " cannot be written", "give it to this user, or name another in FLOMASTR_DATA_DIR"}
	}
	f.Close()
	os.Remove(f.Name())
	free, err := freeBytes(probeIn)
	if err != nil {
		return finding{"data directory", fine, dir, ""}
	}
	detail := fmt.Sprintf("%s, %.1f GB free", dir, float64(free)/1e9)
	if free < roomWanted {
		return finding{"data directory", warning, detail, "make room on that disk: a database that runs full stops"}
	}
	return finding{"data directory", fine, detail, ""}
}

func checkPort(ctx context.Context, cfg Config) finding {
	l, err := listen(ctx, cfg.Listen)
	if err == nil {
		l.Close()
		return finding{"port", fine, cfg.Listen + " is free", ""}
	}
	if serverAnswers(ctx, cfg.Listen) {
		return finding{"port", fine, "our own server answers on " + cfg.Listen, ""}
	}
	return finding{"port", failure, err.Error(), ""}
}

// serverAnswers says whether a FloMastr server is what listens there.
func serverAnswers(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/engine", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	var engine struct {
		Service string `json:"service"`
	}
	return json.NewDecoder(io.LimitReader(res.Body, 1<<16)).Decode(&engine) == nil && engine.Service == "whatsapp-engine"
}

// checkReach tells whether providers can fetch the files that we send.
func checkReach(cfg Config) finding {
	if address := filesURL(cfg, nil); address != "" {
		return finding{"files for providers", fine, "are fetched from " + address, ""}
	}
	return finding{
		"files for providers", warning, "Infobip and Twilio cannot fetch files from this machine, so only Meta's numbers can send them",
		"set FLOMASTR_PUBLIC_URL to the https address by which the internet reaches this server",
	}
}

func checkWeb() finding {
	if web.Built() {
		return finding{"web app", fine, "built into this binary", ""}
	}
	return finding{"web app", warning, "not built into this binary", "build it with: make build"}
}

// checkTools looks for the programs that read documents.
func checkTools() []finding {
	var out []finding
	for _, tool := range convert.Tools() {
		if tool.Path == "" {
			out = append(out, finding{tool.Name, warning, fmt.Sprintf("is not installed: %s cannot be read", tool.Reads), "install the package " + tool.Package})
			continue
		}
		out = append(out, finding{tool.Name, fine, tool.Path, ""})
	}
	return out
}

// checkDatabase looks at the named database, or at what the private one needs and whether it runs.
func checkDatabase(ctx context.Context, cfg Config) []finding {
	if !cfg.Embedded() {
		return []finding{diagnose(ctx, cfg.DatabaseURL.Reveal()).finding()}
	}
	cluster := embedded.Describe(cfg.DataDir, cfg.PostgresBin, nil)
	out := checkPrograms(cfg.PostgresBin)
	running, err := cluster.Adopt(ctx)
	if err != nil {
		return append(out, finding{"private database", failure, err.Error(), ""})
	}
	if !running {
		return append(out, finding{"private database", fine, "does not run now; the server starts it (" + cluster.DataDir + ")", ""})
	}
	name, password := cluster.Superuser()
	found := diagnose(ctx, cluster.DSN("postgres", name, password)).finding()
	return append(out, found)
}

// checkSandbox says how documents from strangers are shut in while they are read.
func checkSandbox(cfg Config) finding {
	switch box := convert.Sandbox(); {
	case !box.Weak:
		return finding{"document sandbox", fine, box.Detail, ""}
	case cfg.WeakSandbox:
		return finding{"document sandbox", warning, box.Detail, "risky documents are read all the same, because FLOMASTR_WEAK_SANDBOX is set: better run on Linux where namespaces or Landlock are allowed"}
	default:
		return finding{"document sandbox", warning, box.Detail, "documents that other programs read are refused: run on Linux where namespaces or Landlock are allowed; FLOMASTR_WEAK_SANDBOX=true reads them unprotected"}
	}
}
