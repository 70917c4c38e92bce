// Package mailcatcher is a strict stand-in of a mail server (RFC 5321): it takes mails on this machine and gives them to
// nobody. It insists on what careful servers insist on: commands in order, CRLF line ends, lines of at most 998 bytes, ASCII
// unless 8BITMIME was asked for, STARTTLS and a good password where it was told to. A test tells it what to refuse.
//
//	catcher, err := mailcatcher.Open(ctx, mailcatcher.Config{Password: "secret"})
//	mails := catcher.Mails()
package mailcatcher

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/flomastr/flomastr/sim/loopback"
)

// Config says how strict the server is.
type Config struct {
	Address  string      // empty: any free port of 127.0.0.1
	TLS      *tls.Config // offers STARTTLS, and takes mails only behind it
	Implicit bool        // TLS from the first byte
	Password string      // asked of everybody, as AUTH PLAIN; empty asks nobody
}

// Mail is what was taken.
type Mail struct {
	From, To string
	Data     string // the message as it came, with CRLF line ends
	TLS      bool
}

// Catcher is a running server.
type Catcher struct {
	cfg      Config
	listener net.Listener
	talking  context.Context //nolint:containedctx // it ends with the server, not with a call
	hangUp   context.CancelFunc
	done     sync.WaitGroup

	mu       sync.Mutex
	mails    []Mail
	refusals []string
	breaches []string
}

// Open starts a server. It ends with Close.
func Open(ctx context.Context, cfg Config) (*Catcher, error) {
	if cfg.Address == "" {
		cfg.Address = "127.0.0.1:0"
	}
	listener, err := loopback.Listen(ctx, cfg.Address)
	if err != nil {
		return nil, err
	}
	if cfg.Implicit {
		listener = tls.NewListener(listener, cfg.TLS)
	}
	c := &Catcher{cfg: cfg, listener: listener}
	c.talking, c.hangUp = context.WithCancel(context.WithoutCancel(ctx))
	c.done.Go(c.accept)
	return c, nil
}

// Address is where the server listens.
func (c *Catcher) Address() string { return c.listener.Addr().String() }

// Close stops the server and hangs up.
func (c *Catcher) Close() error {
	err := c.listener.Close()
	c.hangUp()
	c.done.Wait()
	return err
}

// Refuse makes the server answer the next receivers with these lines, one each, such as "550 5.1.1 no such mailbox".
func (c *Catcher) Refuse(lines ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusals = append(c.refusals, lines...)
}

// Mails are those that were taken, oldest first.
func (c *Catcher) Mails() []Mail {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.mails)
}

// Breaches are what clients did against the protocol.
func (c *Catcher) Breaches() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.breaches)
}

func (c *Catcher) refusal() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.refusals) == 0 {
		return ""
	}
	line := c.refusals[0]
	c.refusals = c.refusals[1:]
	return line
}

func (c *Catcher) take(m Mail) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mails = append(c.mails, m)
}

func (c *Catcher) breach(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.breaches = append(c.breaches, what)
}

func (c *Catcher) accept() {
	for {
		connection, err := c.listener.Accept()
		if err != nil {
			return // closed
		}
		c.done.Go(func() {
			defer context.AfterFunc(c.talking, func() { _ = connection.Close() })()
			defer func() { _ = connection.Close() }()
			_ = connection.SetDeadline(time.Now().Add(30 * time.Second))
			newTalk(c, connection).run()
		})
	}
}
