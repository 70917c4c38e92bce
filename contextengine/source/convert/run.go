package convert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// Command is the hidden sub-command that the binary starts itself with.
const Command = "convert"

// Config is the operator's word on the worker.
type Config struct {
	// AllowWeakSandbox lets what is read by programs that are not ours (PDF, office texts, pictures, and what may hold them) be read where neither a network namespace nor Landlock can fence off the
	// programs that read them. macOS and Windows have neither.
	AllowWeakSandbox bool
	// Timeout ends a worker with all its children; 90 seconds where it is zero. The limit on CPU time is 60.
	Timeout time.Duration
	// Executable is the binary to start; the running one where it is empty.
	Executable string
	// Parallel is how many workers read documents at a time; 2 where it is zero. One more draws pictures, for which somebody
	// waits: a logo never stands behind documents. Each may take 512 MiB.
	Parallel int
}

// Converter turns documents into Markdown. It is safe for concurrent use.
type Converter struct {
	config    Config
	documents *places
	pictures  *places
	sandbox   SandboxReport
}

// New makes a converter and finds out which fences the machine offers.
func New(config Config) *Converter {
	if config.Timeout <= 0 {
		config.Timeout = 90 * time.Second
	}
	if config.Parallel <= 0 {
		config.Parallel = 2
	}
	return &Converter{config: config, documents: newPlaces(config.Parallel), pictures: newPlaces(1), sandbox: Sandbox()}
}

// Run converts one document.
func (c *Converter) Run(ctx context.Context, req Request) (Document, error) {
	if len(req.Content) == 0 {
		return Document{}, ErrEmpty
	}
	if len(req.Content) > maxBytes {
		return Document{}, ErrTooLarge
	}
	kind, err := Detect(req.Name, req.ContentType, req.Content)
	if err != nil {
		return Document{}, err
	}
	if len(req.Content) > kinds[kind].most {
		return Document{}, ErrTooLarge
	}
	if kind == Text || kind == Markdown {
		return plain(req, kind)
	}
	// Most kinds are read by memory-safe code that starts no other program, so limits are fence enough for them.
	if kinds[kind].program && c.sandbox.Weak && !c.config.AllowWeakSandbox {
		return Document{}, ErrNoSandbox.Because(errors.New(c.sandbox.Detail))
	}
	if zipped[kind] { // a bomb is refused here, before a process is spent on it
		if err := glance(req.Content); err != nil {
			return Document{}, err
		}
	}
	reply, err := c.queued(ctx, c.documents, req.Tenant, c.config.Timeout, header{Kind: kind, Request: req, Size: len(req.Content)}, req.Content)
	if err != nil {
		return Document{}, err
	}
	if reply.Document == nil || !utf8.ValidString(reply.Document.Markdown) {
		return Document{}, ErrFailed.Because(errors.New("the worker wrote no document"))
	}
	return *reply.Document, nil
}

// queued waits for the tenant's turn and has a worker do one thing.
func (c *Converter) queued(ctx context.Context, in *places, tenant flomastr.TenantID, most time.Duration, head header, content []byte) (answer, error) {
	if err := in.take(ctx, tenant); err != nil {
		return answer{}, err
	}
	defer in.give()
	return c.work(ctx, most, head, content)
}

// header is the first line of what a worker reads; the document's bytes follow it.
type header struct {
	Kind    Kind    `json:"kind"`
	Request Request `json:"request"`
	Side    int     `json:"side,omitempty"` // of a picture
	Size    int     `json:"size"`
}

// answer is what a worker writes.
type answer struct {
	Document *Document `json:"document,omitempty"`
	Picture  []byte    `json:"picture,omitempty"`
	Failure  *failure  `json:"failure,omitempty"`
}

type failure struct {
	Kind    flomastr.Kind `json:"kind"`
	Code    string        `json:"code"`
	Message string        `json:"message"`
	Cause   string        `json:"cause,omitempty"`
}

// work starts a worker for one document or picture and waits for it, for most at longest.
func (c *Converter) work(ctx context.Context, most time.Duration, head header, content []byte) (answer, error) {
	executable := c.config.Executable
	if executable == "" {
		var err error
		if executable, err = os.Executable(); err != nil {
			return answer{}, ErrFailed.Because(err)
		}
	}
	dir, err := os.MkdirTemp("", "flomastr-convert-")
	if err != nil {
		return answer{}, ErrFailed.Because(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()

	line, err := json.Marshal(head)
	if err != nil {
		return answer{}, ErrFailed.Because(err)
	}
	deadline, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	cmd := exec.CommandContext(deadline, executable, Command)
	cmd.Dir = dir
	cmd.Env = append(toolEnvironment(dir), "GOMEMLIMIT=384MiB", "GOTRACEBACK=none")
	cmd.Stdin = io.MultiReader(bytes.NewReader(append(line, '\n')), bytes.NewReader(content))
	out, complaints := &capped{left: maxOutput}, &capped{left: 16 << 10, forgive: true}
	cmd.Stdout, cmd.Stderr = out, complaints
	cmd.WaitDelay = 2 * time.Second
	confine(cmd, c.sandbox)
	err = cmd.Run()
	leaveNobody(cmd)
	return outcome(ctx, deadline, err, out, complaints.buf.String())
}

// outcome reads a worker's answer, or the way it ended.
func outcome(ctx, deadline context.Context, err error, out *capped, stderr string) (answer, error) {
	cause := fmt.Errorf("worker: %w: %s", errors.Join(err, errors.New("no answer")), firstLine(stderr))
	switch {
	case ctx.Err() != nil:
		return answer{}, ctx.Err()
	case deadline.Err() != nil, out.full:
		return answer{}, ErrTooComplex.Because(cause)
	}
	var reply answer
	if json.Unmarshal(out.buf.Bytes(), &reply) == nil {
		switch {
		case reply.Failure != nil:
			failed := flomastr.Errorf(reply.Failure.Kind, reply.Failure.Code, reply.Failure.Message)
			return answer{}, failed.Because(errors.New(reply.Failure.Cause))
		case err == nil:
			return reply, nil
		}
	}
	// A worker that died without a word met one of its limits, or a fault of the parser: the document is to blame
	// either way, unless it did not even start.
	var exit *exec.ExitError
	if errors.As(err, &exit) && (!exit.Exited() || outOfMemory(stderr) || strings.Contains(stderr, "fatal error") || strings.Contains(stderr, "panic")) {
		return answer{}, ErrTooComplex.Because(cause)
	}
	return answer{}, ErrFailed.Because(cause)
}
