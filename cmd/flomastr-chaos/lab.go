package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/internal/pgcluster"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
	"github.com/flomastr/flomastr/whatsapp/provider/infobip"
)

// lab is a private installation that is there to be broken.
type lab struct {
	programs string
	dir      string
	log      *os.File
	mark     int64  // where this run begins in it
	key      string // the master key

	cluster  *pgcluster.Cluster
	database *wire    // before PostgreSQL
	provider [2]*wire // before the stand-in, one for each server
	front    *front
	standIn  *exec.Cmd
	direct   string // the stand-in's own address
	servers  [2]*server
	admin    *pgx.Conn

	db       *postgres.DB
	engine   *whatsapp.Engine // for what an administrator does
	channels []whatsapp.Channel
	spare    int // tenants that were made for one run
	beside   int // labs that share the machine, this one among them
}

// server is one of the two processes; it is started again whenever it ends, until it is told not to.
type server struct {
	lab      *lab
	address  string
	provider string // the stand-in's address for this one
	env      []string
	mu       sync.Mutex // held while the process is started
	cmd      *exec.Cmd
	ended    chan struct{}
	stay     bool // dead
	deaths   atomic.Int64
}

// operatorKey is the account that the stand-in knows all numbers by. The numbers bring none of their own, so that each server
// reaches the stand-in by its own wire.
const operatorKey = "chaos"

const tenants = 2

// patiently is how long the lab is made: a busy machine may need more than one try.
const patiently = 5 * time.Minute

func openLab(ctx context.Context, programs string, seed uint64) (l *lab, err error) {
	l = &lab{programs: programs, key: newKey()}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.dir, err = os.MkdirTemp("", "flomastr-chaos-"); err != nil {
		return l, err
	}
	if err = os.Chmod(l.dir, 0o755); err != nil { // the database's user passes through
		return l, err
	}
	if l.log, err = os.Create(filepath.Join(l.dir, "servers.log")); err != nil {
		return l, err
	}
	l.cluster = &pgcluster.Cluster{
		DataDir: filepath.Join(l.dir, "pg"), Trust: true, Fsync: true,
		Settings: map[string]string{"max_connections": "200", "synchronous_commit": "on", "full_page_writes": "on"},
	}
	if err = l.cluster.Ensure(ctx); err != nil {
		return l, err
	}
	socket := filepath.Join(l.cluster.SocketDir, fmt.Sprintf(".s.PGSQL.%d", l.cluster.Port))
	if l.database, err = newWire("unix", socket, seed); err != nil {
		return l, err
	}
	if err = l.startStandIn(ctx, seed); err != nil {
		return l, err
	}
	if err = l.provision(ctx); err != nil {
		return l, err
	}
	return l, l.startServers()
}

func newKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return base64.StdEncoding.EncodeToString(key)
}

func (l *lab) databaseURL() string {
	return "postgres://postgres@" + l.database.address() + "/postgres?sslmode=disable"
}

func (l *lab) environment() []string {
	return append(os.Environ(), "DATABASE_URL="+l.databaseURL(), "FLOMASTR_MASTER_KEY="+l.key, "FLOMASTR_DATA_DIR="+l.dir+"/data",
		"FLOMASTR_LOG_LEVEL=error", "FLOMASTR_LOG_FORMAT=text", "FLOMASTR_NETWORK_RATE=1000000", "SUPER_ADMIN_EMAILS=operator@chaos.example")
}

func (l *lab) startStandIn(ctx context.Context, seed uint64) (err error) {
	if l.direct, err = freeAddress(); err != nil {
		return err
	}
	elsewhere, err := freeAddress()
	if err != nil {
		return err
	}
	l.standIn = exec.Command(filepath.Join(l.programs, "flomastr-sim"), "--infobip-listen", l.direct, "--meta-listen", elsewhere, "--data-dir", filepath.Join(l.dir, "sim"),
		"--no-limits", "--reports", "delivered", "--delivery-delay", "20ms", "--retry-unit", "100ms", "--traffic", "0")
	l.standIn.Stdout, l.standIn.Stderr = l.log, l.log
	l.standIn.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err = l.standIn.Start(); err != nil {
		return err
	}
	for i := range l.provider {
		if l.provider[i], err = newWire("tcp", l.direct, seed+uint64(i)+1); err != nil {
			return err
		}
	}
	return until(ctx, time.Minute, func() bool { return l.control(ctx, http.MethodGet, "/control/health", nil) == nil })
}

// provision makes the tenants by the program's own command, and connects a number to each.
func (l *lab) provision(ctx context.Context) error {
	for i := range tenants {
		ch, err := l.provisionOne(ctx, i)
		if err != nil {
			return err
		}
		l.channels = append(l.channels, ch)
	}
	return nil
}

func (l *lab) provisionOne(ctx context.Context, i int) (ch whatsapp.Channel, err error) {
	var out []byte
	if until(ctx, patiently, func() bool {
		out, err = l.command(ctx, "tenant", "provision", fmt.Sprintf("chaos-%d", i), "--owner", fmt.Sprintf("owner%d@chaos.example", i), "--json")
		return err == nil
	}) != nil {
		return ch, err
	}
	var made struct {
		TenantID flomastr.TenantID `json:"tenant_id"`
	}
	if err := json.Unmarshal(out, &made); err != nil {
		return ch, fmt.Errorf("provision a tenant: %w", err)
	}
	if l.engine == nil {
		if err := l.openEngine(ctx); err != nil {
			return ch, err
		}
	}
	number := fmt.Sprintf("44786009%04d", i)
	ch, _, err = l.engine.CreateChannel(ctx, made.TenantID, whatsapp.ChannelDraft{
		Provider: "infobip", Number: &number,
		Webhook: &provider.WebhookSecret{HeaderName: "X-Webhook-Secret", HeaderValue: "secret " + number},
		Limits:  &freely,
	})
	return ch, err
}

// freely is how fast the numbers may send: customers write faster than people.
var freely = whatsapp.Limits{PerSecond: 1000, PairBurst: 1000}

// command runs one of the program's own commands.
func (l *lab) command(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(l.programs, "flomastr"), args...)
	cmd.Env, cmd.Dir, cmd.Stderr = l.environment(), l.dir, l.log
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, l.said())
	}
	return out, nil
}

func (l *lab) openEngine(ctx context.Context) error {
	keys, err := secret.Parse(l.key)
	if err != nil {
		return err
	}
	logins, err := keys.Derive("database logins")
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	direct := l.cluster.DSN("postgres", "postgres", "")
	if until(ctx, patiently, func() bool {
		l.db, err = postgres.Open(ctx, postgres.Config{URL: direct, Key: logins, Master: keys, MaxConns: 4, Log: log})
		return err == nil
	}) != nil {
		return err
	}
	if l.admin, err = pgx.Connect(ctx, direct); err != nil {
		return err
	}
	l.engine = whatsapp.New(whatsapp.Deps{
		Store: postgres.NewWhatsAppStore(l.db), Sealer: secret.NewVault(keys, postgres.NewKeyStore(l.db)), Log: log,
		Providers: []provider.Provider{infobip.New(infobip.Config{HTTP: http.DefaultClient, APIKey: operatorKey, BaseURL: "https://api.infobip.com"})},
	})
	return nil
}

// startServers begins the two processes behind their proxy, and tells the stand-in where to report.
func (l *lab) startServers() (err error) {
	var addresses [2]string
	for i := range l.servers {
		if addresses[i], err = freeAddress(); err != nil {
			return err
		}
		l.servers[i] = &server{lab: l, address: addresses[i], provider: "http://" + l.provider[i].address()}
	}
	if l.front, err = newFront(addresses[:]...); err != nil {
		return err
	}
	for _, ch := range l.channels {
		if err := l.register(context.Background(), ch); err != nil {
			return err
		}
	}
	return nil
}

// register tells the stand-in of a number.
func (l *lab) register(ctx context.Context, ch whatsapp.Channel) error {
	return l.control(ctx, http.MethodPut, "/control/senders/"+ch.Number, map[string]any{
		"api_key": operatorKey, "webhook_url": "http://" + l.front.listener.Addr().String() + "/webhook/infobip/" + ch.ID.String(),
		"auth_header": map[string]string{"name": "X-Webhook-Secret", "value": "secret " + ch.Number},
	})
}

// begin starts both servers with further settings, such as kill points, and waits until they are ready.
func (l *lab) begin(ctx context.Context, env ...string) error {
	if at, err := l.log.Seek(0, io.SeekEnd); err == nil {
		l.mark = at
	}
	for _, s := range l.servers {
		s.env, s.stay = env, false
		s.deaths.Store(0)
		if err := s.start(); err != nil {
			return err
		}
	}
	for _, s := range l.servers {
		if err := s.ready(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) end() {
	for _, s := range l.servers {
		if s != nil && s.cmd != nil {
			s.stop(syscall.SIGKILL)
		}
	}
}

func (s *server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	cmd := exec.Command(filepath.Join(s.lab.programs, "flomastr"), "serve", "--listen", s.address)
	cmd.Env, cmd.Dir = append(s.lab.environment(), s.env...), s.lab.dir
	cmd.Env = append(cmd.Env, "FLOMASTR_INFOBIP_URL="+s.provider, "INFOBIP_BASE_URL="+s.provider, "INFOBIP_API_KEY="+operatorKey)
	cmd.Stdout, cmd.Stderr = s.lab.log, s.lab.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	s.cmd, s.ended = cmd, ended
	go func() { _ = cmd.Wait(); close(ended) }()
	return nil
}

func (s *server) ready(ctx context.Context) error {
	return until(ctx, 2*time.Minute, func() bool {
		select {
		case <-s.ended:
			_ = s.start()
		default:
		}
		answer, err := http.Get("http://" + s.address + "/readyz")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

func (s *server) signal(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.cmd.Process.Signal(sig)
}

// stop ends the process and leaves it dead.
func (s *server) stop(sig syscall.Signal) {
	s.stay = true
	s.signal(sig)
	<-s.ended
}

// supervise starts again whatever ends, as a service manager does, until ctx ends.
func (l *lab) supervise(ctx context.Context) {
	for sleep(ctx, 200*time.Millisecond) {
		for _, s := range l.servers {
			select {
			case <-s.ended:
				if !s.stay {
					s.deaths.Add(1)
					_ = s.start()
				}
			default:
			}
		}
	}
}

// control asks the stand-in for something.
func (l *lab) control(ctx context.Context, method, path string, body any) error {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+l.direct+path, &content)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	said, _ := io.ReadAll(answer.Body)
	if answer.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, said)
	}
	return nil
}

func (l *lab) close() (err error) {
	l.end()
	if l.standIn != nil && l.standIn.Process != nil {
		_ = l.standIn.Process.Kill()
		_ = l.standIn.Wait()
	}
	if l.db != nil {
		l.db.Close()
	}
	if l.cluster != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err = l.cluster.Stop(ctx, pgcluster.Immediate); err != nil && l.cluster.PID() > 0 {
			_ = syscall.Kill(l.cluster.PID(), syscall.SIGKILL) // nothing of it is needed
		}
	}
	return errors.Join(err, os.RemoveAll(l.dir))
}

// said is what the servers logged; it is shown with a violation.
func (l *lab) said() string {
	content, _ := os.ReadFile(l.log.Name())
	lines := strings.Split(string(content), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}

// freeAddress finds a port to listen at later. It lies below those that the system gives to connections (32768 and above), of which
// one might have it by then.
func freeAddress() (string, error) {
	var err error
	for range 100 {
		var listener net.Listener
		if listener, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10000+mathrand.IntN(22000))); err == nil {
			address := listener.Addr().String()
			return address, listener.Close()
		}
	}
	return "", fmt.Errorf("find a free port: %w", err)
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func until(ctx context.Context, most time.Duration, ok func() bool) error {
	for deadline := time.Now().Add(most); time.Now().Before(deadline); {
		if ok() {
			return nil
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
	return errors.New("it did not happen in " + most.String())
}
