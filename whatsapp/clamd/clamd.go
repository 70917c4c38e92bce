// Package clamd has customers' files checked for malware by ClamAV's daemon, over the stream that it calls INSTREAM: the
// file goes out in counted pieces over a connection of its own, and one line comes back.
package clamd

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/flomastr/flomastr/whatsapp"
)

var _ whatsapp.Scanner = (*Scanner)(nil)

// Scanner asks one daemon. It is safe for concurrent use.
type Scanner struct{ network, address string }

// New makes a scanner for an address: HOST:PORT, or unix:/PATH of a socket.
func New(address string) *Scanner {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return &Scanner{"unix", path}
	}
	return &Scanner{"tcp", address}
}

const (
	dialTimeout = 5 * time.Second
	scanTimeout = 2 * time.Minute
	pieceSize   = 64 << 10
	maxAnswer   = 4 << 10
)

// Scan implements whatsapp.Scanner.
func (s *Scanner) Scan(ctx context.Context, content io.Reader) (found string, err error) {
	ctx, cancel := context.WithTimeout(ctx, scanTimeout)
	defer cancel()
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, s.network, s.address)
	if err != nil {
		return "", fmt.Errorf("reach clamd: %w", err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	sent := send(conn, content)
	if errors.Is(sent, errContent) {
		return "", sent // the daemon waits for more
	}
	// A daemon that has had enough says so and hangs up, which a write may meet first: what it says counts.
	answer, err := io.ReadAll(io.LimitReader(conn, maxAnswer))
	switch line := string(bytes.TrimRight(answer, "\x00\n")); {
	case strings.HasSuffix(line, " FOUND"):
		return strings.TrimPrefix(strings.TrimSuffix(line, " FOUND"), "stream: "), nil
	case sent == nil && line == "stream: OK":
		return "", nil
	case line != "":
		return "", fmt.Errorf("clamd answered %q", line)
	default:
		return "", fmt.Errorf("ask clamd: %w", errors.Join(sent, err, io.ErrUnexpectedEOF))
	}
}

// errContent is a file that could not be read to its end.
var errContent = errors.New("the file broke off")

func send(to io.Writer, content io.Reader) error {
	if _, err := io.WriteString(to, "zINSTREAM\x00"); err != nil {
		return err
	}
	piece := make([]byte, 4+pieceSize)
	for {
		n, err := content.Read(piece[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(piece, uint32(n))
			if _, err := to.Write(piece[:4+n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			_, err := to.Write(make([]byte, 4)) // the end
			return err
		}
		if err != nil {
			return errors.Join(errContent, err)
		}
	}
}
