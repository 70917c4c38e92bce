package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr/postgres/embedded"
)

// lab is a private installation that the measurements share: the product's own database settings, the real server and the
// stand-in, in a folder of their own. It is made when the first measurement asks for it.
type lab struct {
	programs string
	keep     string

	dir      string
	database *embedded.Embedded
	serving  *program
	standIn  *program
	address  string // of the server, host:port
	provider string // of the stand-in, as a URL
	ledger   string // the stand-in's file
	demo     demoFile
	admin    *pgx.Conn
	bearer   string // an owner's access token
	renewAt  time.Time
	channels int
	brains   map[int]*brain
}

// demoFile is what the demo tells scripts, as far as it is needed here.
type demoFile struct {
	SuperAdmin    struct{ Email, Password string } `json:"super_admin"`
	PlatformToken string                           `json:"platform_token"`
	Tenants       []struct {
		ID, Slug string
		APIToken string `json:"api_token"`
		Users    []struct{ Email, Password, Role string }
	} `json:"tenants"`
}

// open makes the installation once.
func (l *lab) open(ctx context.Context) error {
	if l.serving != nil {
		return nil
	}
	if err := l.lay(ctx); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(l.dir, "server.log"))
	if err != nil {
		return err
	}
	if l.address, err = freeAddress(); err != nil {
		return err
	}
	standIn, err := freeAddress()
	if err != nil {
		return err
	}
	l.provider, l.ledger = "http://"+standIn, filepath.Join(l.dir, "sim", "ledger.jsonl")
	if l.standIn, err = start(log, filepath.Join(l.programs, "flomastr-sim"), l.dir, nil,
		"--bench", "--infobip-listen", standIn, "--meta-listen", "127.0.0.1:0", "--data-dir", filepath.Join(l.dir, "sim")); err != nil {
		return err
	}
	if l.serving, err = start(log, filepath.Join(l.programs, "flomastr"), l.dir, serverEnvironment(l.dir, l.address, l.provider), "serve"); err != nil {
		return err
	}
	if err := l.serving.ready(ctx, l.address); err != nil {
		return err
	}
	content, err := os.ReadFile(filepath.Join(l.dir, "demo.json"))
	if err != nil {
		return err
	}
	return json.Unmarshal(content, &l.demo)
}

// lay starts the database in a folder of its own.
func (l *lab) lay(ctx context.Context) (err error) {
	if l.database != nil {
		return nil
	}
	if l.dir = l.keep; l.dir == "" {
		if l.dir, err = os.MkdirTemp("", "flomastr-bench-"); err != nil {
			return err
		}
	}
	if l.database, err = embedded.Start(ctx, l.dir, "", slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	l.admin, err = pgx.Connect(ctx, l.database.AdminURL())
	return err
}

// close ends what was started, and removes it.
func (l *lab) close() error {
	var err error
	for _, p := range []*program{l.serving, l.standIn} {
		if p != nil {
			err = errors.Join(err, p.stop())
		}
	}
	if l.database == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if l.admin != nil {
		_ = l.admin.Close(ctx)
	}
	err = errors.Join(err, l.database.Stop(ctx))
	if l.keep == "" {
		err = errors.Join(err, removeInstallation(l.dir))
	}
	return err
}

func serverEnvironment(dir, address, standIn string) []string {
	return []string{
		"FLOMASTR_DATA_DIR=" + dir, "FLOMASTR_LISTEN=" + address, "FLOMASTR_INFOBIP_URL=" + standIn, "FLOMASTR_LOG_LEVEL=error",
		"FLOMASTR_LOG_FORMAT=text", "DATABASE_URL=",
	}
}

// removeInstallation removes a folder, with the cluster that root keeps elsewhere.
func removeInstallation(dir string) error {
	err := os.RemoveAll(dir)
	if cluster, _ := embedded.ClusterDir(dir, os.Geteuid() == 0); os.Geteuid() == 0 {
		err = errors.Join(err, os.RemoveAll(filepath.Dir(cluster)))
	}
	return err
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}

// program is a running program of ours.
type program struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

func start(log io.Writer, path, dir string, env []string, args ...string) (*program, error) {
	p := &program{cmd: exec.Command(path, args...), done: make(chan struct{})}
	p.cmd.Dir = dir // no .env of the project's
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C ends us, and we end it
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.err = p.cmd.Wait(); close(p.done) }()
	return p, nil
}

func (p *program) pid() int { return p.cmd.Process.Pid }

func (p *program) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return p.err
	case <-time.After(time.Minute):
		return errors.Join(errors.New(p.cmd.Path+" does not stop"), p.cmd.Process.Kill())
	}
}

// ready waits until the server answers that it is.
func (p *program) ready(ctx context.Context, address string) error {
	for {
		if answer, err := http.Get("http://" + address + "/readyz"); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s has ended: %w", p.cmd.Path, p.err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// call asks the server's API as the first business's owner, and decodes the answer.
func (l *lab) call(ctx context.Context, method, path string, body, answer any) error {
	if time.Now().After(l.renewAt) {
		owner := l.demo.Tenants[0].Users[0]
		token, err := l.signIn(ctx, owner.Email, owner.Password)
		if err != nil {
			return err
		}
		l.bearer, l.renewAt = token, time.Now().Add(5*time.Minute)
	}
	return l.request(ctx, method, "http://"+l.address+path, l.bearer, body, answer)
}

func (l *lab) signIn(ctx context.Context, email, password string) (string, error) {
	var grant struct {
		AccessToken string `json:"access_token"`
	}
	err := l.request(ctx, http.MethodPost, "http://"+l.address+"/auth/sign-in", "", map[string]string{"email": email, "password": password}, &grant)
	return grant.AccessToken, err
}

func (l *lab) request(ctx context.Context, method, url, bearer string, body, answer any) error {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, url, &content)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	if bearer != "" && bearer == l.bearer {
		req.Header.Set("X-Tenant-Slug", l.demo.Tenants[0].Slug) // the owner of the first business has others by now
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	said, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %s", method, url, res.Status, strings.TrimSpace(string(said)))
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(said, answer)
}

// channel is a number of the first business whose limits are lifted.
type channel struct {
	id, number, path, header, secret string
}

// connect makes a channel that is answered by worker, and tells the stand-in of it.
func (l *lab) connect(ctx context.Context, worker string) (channel, error) {
	if l.channels == 0 {
		l.channels = int(time.Now().Unix() % 1_000_000) // a kept installation has those of earlier runs
	}
	l.channels++
	c := channel{number: fmt.Sprintf("97144%07d", l.channels), header: "X-Webhook-Secret", secret: fmt.Sprintf("bench-secret-%d", l.channels)}
	var made struct{ ID string }
	err := l.call(ctx, http.MethodPost, "/routes/tenants/"+l.demo.Tenants[0].Slug+"/channels", map[string]any{
		"provider": "infobip", "name": "Bench", "number": "+" + c.number, "base_url": l.provider, "worker": worker, "outside_wait_seconds": 3600,
		"credentials":    map[string]string{"api_key": "bench-key-" + c.number},
		"webhook_secret": map[string]string{"header_name": c.header, "header_value": c.secret},
		"limits":         map[string]any{"messages_per_second": 10000, "pair_interval_seconds": 0, "pair_burst": 10000},
	}, &made)
	if err != nil {
		return c, err
	}
	c.id, c.path = made.ID, "/webhook/infobip/"+made.ID
	return c, l.request(ctx, http.MethodPut, l.provider+"/control/senders/"+c.number, "", map[string]any{
		"api_key": "bench-key-" + c.number, "webhook_url": "http://" + l.address + c.path, "auth_header": map[string]string{"name": c.header, "value": c.secret},
	}, nil)
}
