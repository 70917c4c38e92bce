package smtp

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/mail"
)

// Config says how to reach the mail server.
type Config struct {
	// URL is smtp://USER:PASSWORD@HOST:PORT (STARTTLS, port 587) or smtps:// (TLS at once, port 465).
	URL string
	// RootCAs judge the server's certificate; nil is the system's. When given, TLS is asked of a server on this machine too.
	RootCAs *x509.CertPool
}

// ErrURL says that a mail server's address cannot be used. It never quotes the address, which holds a password.
var ErrURL = flomastr.Errorf(flomastr.Invalid, "smtp_url", "must be smtp://USER:PASSWORD@HOST:PORT, or smtps:// for TLS from the first byte; characters of the password other than letters and digits as %XX")

const sendTimeout = 30 * time.Second

// Carrier sends mails over SMTP. It is safe for concurrent use: each mail has a connection of its own.
type Carrier struct {
	host    string
	options []gomail.Option
}

var _ mail.Carrier = (*Carrier)(nil)

// New checks the address and makes the carrier. It connects to nothing yet.
func New(cfg Config) (*Carrier, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, ErrURL
	}
	port, options := "587", []gomail.Option{}
	plain := isLoopback(u.Hostname()) && cfg.RootCAs == nil
	switch {
	case u.Scheme == "smtps":
		port, options = "465", append(options, gomail.WithSSL())
	case plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	number, err := strconv.Atoi(cmp.Or(u.Port(), port))
	if err != nil || number < 1 || number > 65535 {
		return nil, ErrURL
	}
	if password, ok := u.User.Password(); ok || u.User.Username() != "" {
		auth := gomail.SMTPAuthAutoDiscover
		if plain && u.Scheme == "smtp" {
			auth = gomail.SMTPAuthPlainNoEnc
		}
		options = append(options, gomail.WithSMTPAuth(auth), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	return &Carrier{host: u.Hostname(), options: append(options,
		gomail.WithPort(number), gomail.WithTimeout(sendTimeout),
		gomail.WithTLSConfig(&tls.Config{ServerName: u.Hostname(), RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12}))}, nil
}

// Carry sends one mail. What the server refuses for good is mail.ErrRefused.
func (c *Carrier) Carry(ctx context.Context, message mail.Message) error {
	domain := message.From[strings.LastIndexByte(message.From, '@')+1:]
	built, err := build(message, domain)
	if err != nil {
		return mail.ErrRefused.Because(err) // it would not be built another time either
	}
	client, err := gomail.NewClient(c.host, append(c.options, gomail.WithHELO(domain))...)
	if err != nil {
		return fmt.Errorf("set up the mail client: %w", err)
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("reach the mail server: %w", err)
	}
	err = client.SendWithSMTPClient(connection, built)
	_ = client.CloseWithSMTPClient(connection) // the mail has been taken or not by now; a failing goodbye must not send it twice
	var refused *gomail.SendError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && refused.ErrorCode() >= 500:
		return mail.ErrRefused.Because(fmt.Errorf("the server answered %d", refused.ErrorCode()))
	case errors.As(err, &refused):
		return fmt.Errorf("send a mail: the server answered %d", refused.ErrorCode()) // its words may quote the receiver
	default:
		return fmt.Errorf("send a mail: %w", err)
	}
}

func build(message mail.Message, domain string) (*gomail.Msg, error) {
	m := gomail.NewMsg()
	if err := m.FromFormat(message.FromName, message.From); err != nil {
		return nil, fmt.Errorf("set the sender: %w", err)
	}
	if err := m.To(message.To); err != nil {
		return nil, errors.New("set the receiver: not an address")
	}
	m.Subject(message.Subject)
	m.SetDate()
	m.SetMessageIDWithValue(rand.Text() + "@" + domain)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(gomail.TypeTextPlain, message.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, message.HTML)
	return m, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
