package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/flomastr/flomastr/postgres/embedded"
)

type doctorDatabase struct {
	Config
	JSON bool `name:"json" help:"Print the finding as JSON."`
}

// Run looks at the database and ends with the exit code of what is wrong with it.
func (c *doctorDatabase) Run(ctx context.Context, s *surroundings, src *sources) error {
	cfg, log, err := settle(c.Config, s, src)
	if err != nil && !errors.Is(err, ErrSettings) {
		return err
	}
	url := cfg.DatabaseURL.Reveal()
	if cfg.Embedded() {
		if found := checkPrograms(cfg.PostgresBin); worst(found) == failure {
			return report(s.stdout, c.JSON, found, int(ailVector))
		}
		e, err := embedded.Start(ctx, cfg.DataDir, cfg.PostgresBin, log)
		if err != nil {
			return err
		}
		defer func() { _ = e.Stop(context.WithoutCancel(ctx)) }()
		url = e.AdminURL()
	}
	d := diagnose(ctx, url)
	return report(s.stdout, c.JSON, []finding{d.finding()}, int(d.ail))
}

func worst(findings []finding) string {
	out := fine
	for _, f := range findings {
		if f.State == failure || out == fine {
			out = f.State
		}
	}
	return out
}

// ail is a way in which a database can fail us. Its number is doctor database's exit code.
type ail int

const (
	ailNone     ail = 0
	ailName     ail = 10 // DNS knows no such host
	ailRefused  ail = 11 // nothing listens there, or a firewall says no
	ailSilent   ail = 12 // a firewall says nothing, or the host is off
	ailTLS      ail = 13
	ailPassword ail = 14
	ailRights   ail = 15
	ailVector   ail = 16
	ailVersion  ail = 17
	ailOther    ail = 18
)

// diagnosis is what was found out about a database.
type diagnosis struct {
	ail    ail
	warn   bool
	detail string
	mend   string
}

func (d diagnosis) finding() finding {
	state := fine
	switch {
	case d.ail != ailNone:
		state = failure
	case d.warn:
		state = warning
	}
	return finding{"database", state, d.detail, d.mend}
}

// patience is how long each step of reaching the database may take.
const patience = 5 * time.Second

// diagnose walks the way to the database step by step and stops at the first that fails: name, connection, TLS and
// password, version, rights, pgvector.
func diagnose(ctx context.Context, url string) diagnosis {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return diagnosis{ail: ailOther, detail: "DATABASE_URL is not a PostgreSQL address", mend: "write it as postgres://USER:PASSWORD@HOST:5432/DATABASE, with %-escapes in the password"}
	}
	cfg.ConnectTimeout = patience
	if d := reach(ctx, cfg.Host, cfg.Port); d.ail != ailNone {
		return d
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return judgeConnect(err, cfg)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	f, err := readFacts(ctx, conn)
	if err != nil {
		return diagnosis{ail: ailOther, detail: "the database answers, but not our questions: " + plain(err)}
	}
	return f.judge()
}

// reach looks the host up and opens a connection that it closes again.
func reach(ctx context.Context, host string, port uint16) diagnosis {
	network, address := pgconn.NetworkAddress(host, port)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if network == "tcp" && net.ParseIP(host) == nil {
		if _, err := net.DefaultResolver.LookupHost(ctx, host); err != nil {
			return diagnosis{ail: ailName, detail: fmt.Sprintf("the name %s cannot be looked up", host), mend: "check the spelling of the host in DATABASE_URL, and that this machine's DNS knows it"}
		}
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return judgeDial(err, address)
	}
	conn.Close()
	return diagnosis{}
}

func judgeDial(err error, address string) diagnosis {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, os.ErrNotExist):
		return diagnosis{
			ail: ailRefused, detail: "nothing accepts connections at " + address,
			mend: "start the database server, check the port, and that its listen_addresses includes this address; a firewall may also be refusing",
		}
	case errors.Is(err, os.ErrPermission):
		return diagnosis{ail: ailRefused, detail: "this user may not use the socket " + address, mend: "run as a user who may, or connect over TCP"}
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), errors.Is(err, context.DeadlineExceeded):
		return diagnosis{
			ail: ailSilent, detail: fmt.Sprintf("no answer from %s within %s", address, patience),
			mend: "open the way: a firewall or security group drops packets between here and there, or the host is off",
		}
	}
	return diagnosis{ail: ailOther, detail: "cannot connect to " + address + ": " + plain(err)}
}

// judgeConnect tells the failures of a session's beginning apart. The server's own words are shown, which hold no
// password; pgx's are not, which quote the address.
func judgeConnect(err error, cfg *pgx.ConnConfig) diagnosis {
	var (
		pgErr    *pgconn.PgError
		cert     *tls.CertificateVerificationError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		record   tls.RecordHeaderError
		alert    tls.AlertError
		timeout  net.Error
	)
	switch {
	case errors.As(err, &pgErr):
		return judgeRefusal(pgErr, cfg)
	case errors.As(err, &hostname):
		return diagnosis{ail: ailTLS, detail: "the server's certificate is for another name than " + cfg.Host, mend: "connect by the name in the certificate, or use sslmode=verify-ca"}
	case errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &cert):
		return diagnosis{ail: ailTLS, detail: "the server's certificate is not one that this machine trusts", mend: "name its authority's file in DATABASE_URL: sslrootcert=/path/ca.pem"}
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return diagnosis{ail: ailTLS, detail: "the server does not speak TLS, and DATABASE_URL asks for it", mend: "switch ssl on at the server, or use sslmode=prefer on a network that you trust"}
	case errors.As(err, &record), errors.As(err, &alert), strings.Contains(err.Error(), "tls:"):
		return diagnosis{ail: ailTLS, detail: "TLS could not be agreed on with the server", mend: "check that the port is PostgreSQL's, and the TLS versions that both sides accept"}
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return diagnosis{ail: ailSilent, detail: "the connection opens, and then nobody answers", mend: "check that the port is PostgreSQL's, and that no proxy in between holds the connection"}
	}
	return diagnosis{ail: ailOther, detail: "the connection opens but no session begins: " + plain(err)}
}

// judgeRefusal reads the code with which the server turns us away.
func judgeRefusal(e *pgconn.PgError, cfg *pgx.ConnConfig) diagnosis {
	switch {
	case e.Code == "28P01":
		return diagnosis{ail: ailPassword, detail: "the server refuses the password of " + cfg.User, mend: "correct it in DATABASE_URL, with %-escapes for @ : / ? # and %"}
	case e.Code == "28000" && (strings.Contains(e.Message, "no encryption") || strings.Contains(e.Message, "SSL off")):
		return diagnosis{ail: ailTLS, detail: "the server accepts us only with TLS", mend: "add sslmode=require, or better sslmode=verify-full, to DATABASE_URL"}
	case e.Code[:2] == "28":
		return diagnosis{ail: ailPassword, detail: "the server does not let " + cfg.User + " in: " + e.Message, mend: "make that role with LOGIN, and a line for it in pg_hba.conf"}
	case e.Code == "3D000":
		return diagnosis{ail: ailOther, detail: "the server has no database " + cfg.Database, mend: "create it: CREATE DATABASE " + pgx.Identifier{cfg.Database}.Sanitize()}
	case e.Code == "42501":
		return diagnosis{ail: ailRights, detail: cfg.User + " may not connect to the database " + cfg.Database, mend: "GRANT CONNECT ON DATABASE … TO " + pgx.Identifier{cfg.User}.Sanitize()}
	case e.Code == "53300":
		return diagnosis{ail: ailOther, detail: "the server has no connection left", mend: "raise max_connections, or lower FLOMASTR_DATABASE_MAX_CONNS"}
	case e.Code == "57P03":
		return diagnosis{ail: ailOther, detail: "the server is starting up or shutting down", mend: "wait a moment and look again"}
	}
	return diagnosis{ail: ailOther, detail: "the server turns us away: " + e.Message + " (" + e.Code + ")"}
}

// plain is an error's innermost words: pgx's outer ones quote the connection string.
func plain(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
