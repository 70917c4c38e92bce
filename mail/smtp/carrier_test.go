package smtp_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/mail"
	"github.com/flomastr/flomastr/mail/smtp"
	"github.com/flomastr/flomastr/sim/mailcatcher"
)

func message(t *testing.T) mail.Message {
	t.Helper()
	m, err := mail.Write(mail.Letter{
		Kind: mail.Invitation, Language: "ar", To: "sara@example.com", Link: "https://app.example.com/invite/abc", Until: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC),
	}, mail.Brand{Name: "Zahnärzte Süd", Colour: "#7A1FA2"})
	require.NoError(t, err)
	m.From = "no-reply@example.com"
	return m
}

// certificate is one for 127.0.0.1, and the authority that vouches for it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return &tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12}, pool
}

func open(t *testing.T, cfg mailcatcher.Config) *mailcatcher.Catcher {
	t.Helper()
	catcher, err := mailcatcher.Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = catcher.Close() })
	return catcher
}

func TestAMailArrivesInBothForms(t *testing.T) {
	t.Parallel()
	server, authority := certificate(t)
	for name, c := range map[string]struct {
		scheme string
		server mailcatcher.Config
		pool   *x509.CertPool
	}{
		"on this machine without TLS": {"smtp", mailcatcher.Config{Password: "se/cret"}, nil},
		"by STARTTLS":                 {"smtp", mailcatcher.Config{TLS: server, Password: "se/cret"}, authority},
		"by TLS from the first byte":  {"smtps", mailcatcher.Config{TLS: server, Implicit: true, Password: "se/cret"}, authority},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			catcher := open(t, c.server)
			carrier, err := smtp.New(smtp.Config{URL: fmt.Sprintf("%s://flomastr:se%%2Fcret@%s", c.scheme, catcher.Address()), RootCAs: c.pool})
			require.NoError(t, err)
			sent := message(t)
			require.NoError(t, carrier.Carry(t.Context(), sent))
			require.Empty(t, catcher.Breaches())
			mails := catcher.Mails()
			require.Len(t, mails, 1)
			require.Equal(t, c.server.TLS != nil, mails[0].TLS)
			require.Equal(t, []string{"no-reply@example.com", "sara@example.com"}, []string{mails[0].From, mails[0].To})
			parsed, err := netmail.ReadMessage(strings.NewReader(mails[0].Data))
			require.NoError(t, err)
			subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
			require.NoError(t, err)
			require.Equal(t, sent.Subject, subject)
			from, err := parsed.Header.AddressList("From")
			require.NoError(t, err)
			require.Equal(t, "Zahnärzte Süd", from[0].Name)
			require.NotEmpty(t, parsed.Header.Get("Message-Id"))
			require.Equal(t, []string{sent.Text, sent.HTML}, parts(t, parsed))
		})
	}
}

func parts(t *testing.T, m *netmail.Message) (texts []string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	reader := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := reader.NextRawPart()
		if err == io.EOF { //nolint:errorlint // by contract
			return texts
		}
		require.NoError(t, err)
		require.Equal(t, "quoted-printable", part.Header.Get("Content-Transfer-Encoding"))
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		require.NoError(t, err)
		texts = append(texts, strings.ReplaceAll(string(text), "\r\n", "\n"))
	}
}

func TestARefusalForGoodIsToldFromAPassingOne(t *testing.T) {
	t.Parallel()
	catcher := open(t, mailcatcher.Config{})
	carrier, err := smtp.New(smtp.Config{URL: "smtp://" + catcher.Address()})
	require.NoError(t, err)
	catcher.Refuse("451 4.7.1 try later", "550 5.1.1 no such mailbox sara@example.com")
	passing := carrier.Carry(t.Context(), message(t))
	require.Error(t, passing)
	require.NotErrorIs(t, passing, mail.ErrRefused)
	lasting := carrier.Carry(t.Context(), message(t))
	require.ErrorIs(t, lasting, mail.ErrRefused)
	require.NotContains(t, lasting.Error()+passing.Error(), "sara", "errors are logged")
	require.Empty(t, catcher.Mails())
	require.NoError(t, carrier.Carry(t.Context(), message(t)))
	require.Len(t, catcher.Mails(), 1)
}

func TestNothingIsSentInTheClear(t *testing.T) {
	t.Parallel()
	server, authority := certificate(t)
	for name, c := range map[string]struct {
		server mailcatcher.Config
		pool   *x509.CertPool
	}{
		"a server without STARTTLS":           {mailcatcher.Config{}, authority},
		"a server with another's certificate": {mailcatcher.Config{TLS: server}, x509.NewCertPool()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			catcher := open(t, c.server)
			carrier, err := smtp.New(smtp.Config{URL: "smtp://u:p@" + catcher.Address(), RootCAs: c.pool})
			require.NoError(t, err)
			require.Error(t, carrier.Carry(t.Context(), message(t)))
			require.Empty(t, catcher.Mails())
		})
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "mail.example.com:25", "http://mail.example.com", "smtp://", "smtp://h:0", "smtp://h:99999", "smtp://h/inbox", "smtp://h?tls=no", "smtp://u:S3CRET%zz@h"} {
		_, err := smtp.New(smtp.Config{URL: url})
		require.ErrorIs(t, err, smtp.ErrURL, url)
		require.NotContains(t, err.Error(), "S3CRET")
	}
}
