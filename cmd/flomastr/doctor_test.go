package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/internal/pgcluster"
)

// listenOnce accepts connections on loopback and hands each to serve.
func listenOnce(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return l.Addr().String()
}

// refuse plays a server that reads the start of a session and turns it away.
func refuse(code, message string) func(net.Conn) {
	return func(conn net.Conn) {
		backend := pgproto3.NewBackend(conn, conn)
		for {
			msg, err := backend.ReceiveStartupMessage()
			if err != nil {
				return // the look at the port alone
			}
			if _, ok := msg.(*pgproto3.SSLRequest); ok {
				if _, err := conn.Write([]byte("N")); err != nil {
					return
				}
				continue
			}
			backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: code, Message: message})
			_ = backend.Flush()
			return
		}
	}
}

// stranger plays a server whose certificate nobody knows.
func stranger(t *testing.T) func(net.Conn) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cfg := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	return func(conn net.Conn) {
		if _, err := pgproto3.NewBackend(conn, conn).ReceiveStartupMessage(); err != nil {
			return
		}
		if _, err := conn.Write([]byte("S")); err != nil {
			return
		}
		_ = tls.Server(conn, cfg).Handshake()
	}
}

func TestEveryWayToFailAtTheDatabaseIsToldApart(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := free.Addr().String()
	require.NoError(t, free.Close())
	silent := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

	for _, c := range []struct {
		name, url string
		want      ail
	}{
		{"no address at all", "mysql://h/d", ailOther},
		{"unknown name", "postgres://u:hunter2@no-such-host.invalid:5432/d", ailName},
		{"nothing listens", "postgres://u:hunter2@" + closed + "/d", ailRefused},
		{"no socket there", "postgres://u:hunter2@/d?host=/nowhere/at/all", ailRefused},
		{"nobody answers", "postgres://u:hunter2@" + listenOnce(t, silent) + "/d?sslmode=disable", ailSilent},
		{"TLS wanted, none there", "postgres://u:hunter2@" + listenOnce(t, refuse("28P01", "")) + "/d?sslmode=require", ailTLS},
		{"a certificate that nobody knows", "postgres://u:hunter2@" + listenOnce(t, stranger(t)) + "/d?sslmode=verify-full", ailTLS},
		{"TLS wanted by the server", "postgres://u:hunter2@" + listenOnce(t, refuse("28000", `no pg_hba.conf entry for host "1.2.3.4", user "u", database "d", no encryption`)) + "/d?sslmode=disable", ailTLS},
		{"a wrong password", "postgres://u:hunter2@" + listenOnce(t, refuse("28P01", `password authentication failed for user "u"`)) + "/d", ailPassword},
		{"a host that may not", "postgres://u:hunter2@" + listenOnce(t, refuse("28000", `role "u" does not exist`)) + "/d", ailPassword},
		{"no right to connect", "postgres://u:hunter2@" + listenOnce(t, refuse("42501", `permission denied for database "d"`)) + "/d", ailRights},
		{"no such database", "postgres://u:hunter2@" + listenOnce(t, refuse("3D000", `database "d" does not exist`)) + "/d", ailOther},
		{"no connection left", "postgres://u:hunter2@" + listenOnce(t, refuse("53300", "too many clients already")) + "/d", ailOther},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := diagnose(t.Context(), c.url)
			require.Equal(t, c.want, d.ail, d.detail)
			require.NotContains(t, fmt.Sprint(d), "hunter2")
			require.NotEmpty(t, d.detail)
		})
	}
}

func TestTheFactsOfADatabaseAreJudgedInTheOrderOfMending(t *testing.T) {
	t.Parallel()
	good := facts{Version: 150004, User: "u", CreateRole: true, CreateDB: true, Vector: "0.8.2"}
	for _, c := range []struct {
		name   string
		change func(*facts)
		want   ail
		warn   bool
	}{
		{"all is well", func(*facts) {}, ailNone, false},
		{"a superuser needs no other right", func(f *facts) { f.Super, f.CreateDB, f.CreateRole = true, false, false }, ailNone, false},
		{"an old server", func(f *facts) { f.Version = 140010 }, ailVersion, false},
		{"a standby", func(f *facts) { f.ReadOnly = true }, ailRights, false},
		{"may not create databases", func(f *facts) { f.CreateDB = false }, ailRights, false},
		{"may not create roles", func(f *facts) { f.CreateRole = false }, ailRights, false},
		{"no pgvector", func(f *facts) { f.Vector = "" }, ailVector, false},
		{"an old pgvector", func(f *facts) { f.Vector = "0.7.4" }, ailVector, false},
		{"an old one in the database, a new one on the server", func(f *facts) { f.Installed = "0.5.1" }, ailVector, false},
		{"one with a fault that can be avoided", func(f *facts) { f.Vector = "0.8.1" }, ailNone, true},
		{"a later one", func(f *facts) { f.Vector = "1.0" }, ailNone, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := good
			c.change(&f)
			d := f.judge()
			require.Equal(t, c.want, d.ail, d.detail)
			require.Equal(t, c.warn, d.warn)
			require.Equal(t, c.want != ailNone || c.warn, d.mend != "", "what is wrong can be mended")
		})
	}
}

func TestARealDatabaseIsDiagnosed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("makes a database")
	}
	if _, err := pgcluster.FindBinaries(); err != nil {
		t.Skip(err)
	}
	c := pgcluster.Throwaway("doctor")
	c.Trust = false
	require.NoError(t, c.Ensure(t.Context()))
	t.Cleanup(func() { require.NoError(t, c.Release(context.Background())) })
	name, password := c.Superuser()
	require.NotEqual(t, ailPassword, diagnose(t.Context(), c.DSN("postgres", name, password)).ail)
	require.Equal(t, ailPassword, diagnose(t.Context(), c.DSN("postgres", name, "guess")).ail)
	require.Equal(t, ailOther, diagnose(t.Context(), c.DSN("absent", name, password)).ail)
}

func TestAForeignProgramOnThePortIsAFailure(t *testing.T) {
	t.Parallel()
	answering := func(body string) Config {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		t.Cleanup(server.Close)
		return Config{Listen: server.Listener.Addr().String()}
	}
	f := checkPort(t.Context(), answering(`{"service":"other"}`))
	require.Equal(t, failure, f.State)
	require.Contains(t, f.Detail, "another program is using")
	require.Equal(t, fine, checkPort(t.Context(), answering(`{"service":"whatsapp-engine"}`)).State)
}

func TestADataDirectoryThatCannotBeWrittenIsAFailure(t *testing.T) {
	t.Parallel()
	require.Equal(t, failure, checkDataDir("/proc/self/flomastr").State)
	require.Equal(t, fine, checkDataDir(t.TempDir()+"/not/made/yet").State)
}
