package mailcatcher

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

const maxLine, maxMail = 998, 10 << 20

// talk is one connection.
type talk struct {
	catcher    *Catcher
	connection net.Conn
	in         *bufio.Reader

	encrypted, greeted, known bool
	from, to                  string
	eightBit                  bool
}

func newTalk(c *Catcher, connection net.Conn) *talk {
	return &talk{catcher: c, connection: connection, in: bufio.NewReader(connection), encrypted: c.cfg.Implicit, known: c.cfg.Password == ""}
}

func (t *talk) say(line string) { _, _ = fmt.Fprintf(t.connection, "%s\r\n", line) }

var (
	errBye    = errors.New("bye")
	errBreach = errors.New("a breach of the protocol")
)

// line reads one line that ends with CRLF and not otherwise.
func (t *talk) line() (string, error) {
	raw, err := t.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	text, ok := strings.CutSuffix(raw, "\r\n")
	switch {
	case !ok || strings.ContainsAny(text, "\r"):
		t.catcher.breach("a line that does not end with CRLF")
	case len(text) > maxLine:
		t.catcher.breach("a line of more than 998 bytes")
	case !t.eightBit && strings.IndexFunc(text, func(r rune) bool { return r > 126 }) >= 0:
		t.catcher.breach("bytes beyond ASCII without BODY=8BITMIME")
	default:
		return text, nil
	}
	t.say("500 5.5.2 that is no line of SMTP")
	return "", errBreach
}

func (t *talk) run() {
	t.say("220 mailcatcher.localhost ESMTP")
	for {
		line, err := t.line()
		if err == nil {
			err = t.command(line)
		}
		if err != nil {
			return
		}
	}
}

func (t *talk) command(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO":
		t.greeted = true
		t.say("250-mailcatcher.localhost")
		t.say("250-8BITMIME")
		if t.catcher.cfg.TLS != nil && !t.encrypted {
			t.say("250-STARTTLS")
		}
		if t.catcher.cfg.Password != "" && t.safe() {
			t.say("250-AUTH PLAIN")
		}
		t.say("250 ENHANCEDSTATUSCODES")
	case "STARTTLS":
		return t.startTLS()
	case "AUTH":
		t.auth(rest)
	case "MAIL":
		t.mail(rest)
	case "RCPT":
		t.receiver(rest)
	case "DATA":
		return t.data()
	case "RSET":
		t.reset()
		t.say("250 2.0.0 forgotten")
	case "NOOP":
		t.say("250 2.0.0 still here")
	case "QUIT":
		t.say("221 2.0.0 bye")
		return errBye
	default:
		t.catcher.breach("an unknown command")
		t.say("502 5.5.1 not a command here")
	}
	return nil
}

// safe tells whether this connection may carry a password and a mail.
func (t *talk) safe() bool { return t.encrypted || t.catcher.cfg.TLS == nil }

func (t *talk) reset() { t.from, t.to, t.eightBit = "", "", false }

func (t *talk) startTLS() error {
	if t.catcher.cfg.TLS == nil || t.encrypted {
		t.say("502 5.5.1 no TLS here")
		return nil
	}
	t.say("220 2.0.0 go ahead")
	secured := tls.Server(t.connection, t.catcher.cfg.TLS)
	if err := secured.Handshake(); err != nil {
		return err
	}
	t.connection, t.in, t.encrypted, t.greeted = secured, bufio.NewReader(secured), true, false
	return nil
}

func (t *talk) auth(rest string) {
	if !t.safe() {
		t.catcher.breach("a password without encryption")
		t.say("538 5.7.11 encryption first")
		return
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
	parts := bytes.Split(raw, []byte{0})
	if err != nil || len(parts) != 3 || string(parts[2]) != t.catcher.cfg.Password {
		t.say("535 5.7.8 not the right password")
		return
	}
	t.known = true
	t.say("235 2.7.0 welcome")
}

func (t *talk) mail(rest string) {
	address, parameters, ok := path(rest, "FROM:")
	switch {
	case !t.greeted || !t.safe() || !t.known:
		t.catcher.breach("a mail before greeting, encryption or password")
		t.say("530 5.7.0 greet, encrypt and authenticate first")
	case !ok || t.from != "":
		t.say("501 5.5.4 not a sender")
	default:
		t.from, t.eightBit = address, strings.Contains(strings.ToUpper(parameters), "BODY=8BITMIME")
		t.say("250 2.1.0 sender taken")
	}
}

func (t *talk) receiver(rest string) {
	address, _, ok := path(rest, "TO:")
	switch {
	case t.from == "":
		t.say("503 5.5.1 the sender first")
	case !ok:
		t.say("501 5.5.4 not a receiver")
	default:
		if refused := t.catcher.refusal(); refused != "" {
			t.say(refused)
			return
		}
		t.to = address
		t.say("250 2.1.5 receiver taken")
	}
}

// path reads "FROM:<a@b> PARAMETERS".
func path(rest, prefix string) (address, parameters string, ok bool) {
	if len(rest) < len(prefix) || !strings.EqualFold(rest[:len(prefix)], prefix) {
		return "", "", false
	}
	address, parameters, ok = strings.Cut(rest[len(prefix):], ">")
	address, bracket := strings.CutPrefix(address, "<")
	return address, parameters, ok && bracket && strings.Contains(address, "@")
}

func (t *talk) data() error {
	if t.to == "" {
		t.say("503 5.5.1 a receiver first")
		return nil
	}
	t.say("354 go on, end with a dot")
	var content strings.Builder
	for {
		line, err := t.line()
		if err != nil {
			return err
		}
		if line == "." {
			break
		}
		if content.Len() > maxMail {
			return io.ErrShortBuffer
		}
		content.WriteString(strings.TrimPrefix(line, ".") + "\r\n")
	}
	t.catcher.take(Mail{From: t.from, To: t.to, Data: content.String(), TLS: t.encrypted})
	t.reset()
	t.say("250 2.0.0 taken")
	return nil
}
