package clamd_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/clamd"
)

// daemon speaks clamd's side: it refuses more than 1 MB and finds what says so.
func daemon(t *testing.T, network, address string) string {
	t.Helper()
	listener, err := net.Listen(network, address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				_, _ = io.WriteString(conn, verdict(bufio.NewReader(conn)))
			}()
		}
	}()
	return listener.Addr().String()
}

func verdict(in *bufio.Reader) string {
	if command, err := in.ReadString(0); err != nil || command != "zINSTREAM\x00" {
		return "UNKNOWN COMMAND\x00"
	}
	var content strings.Builder
	for {
		var size uint32
		if err := binary.Read(in, binary.BigEndian, &size); err != nil {
			return ""
		}
		switch {
		case size == 0 && strings.Contains(content.String(), "EICAR"):
			return "stream: Eicar-Test-Signature FOUND\x00"
		case size == 0:
			return "stream: OK\x00"
		case content.Len()+int(size) > 1<<20:
			return "INSTREAM size limit exceeded. ERROR\x00"
		}
		if _, err := io.CopyN(&content, in, int64(size)); err != nil {
			return ""
		}
	}
}

func TestAFileIsSentWholeAndTheVerdictUnderstood(t *testing.T) {
	t.Parallel()
	scanner := clamd.New(daemon(t, "tcp", "127.0.0.1:0"))
	found, err := scanner.Scan(t.Context(), strings.NewReader(strings.Repeat("fine", 100_000)))
	require.NoError(t, err)
	require.Empty(t, found)
	found, err = scanner.Scan(t.Context(), strings.NewReader(strings.Repeat("x", 300_000)+"EICAR"))
	require.NoError(t, err)
	require.Equal(t, "Eicar-Test-Signature", found)
	path := filepath.Join(t.TempDir(), "s")
	daemon(t, "unix", path)
	found, err = clamd.New("unix:"+path).Scan(t.Context(), strings.NewReader("EICAR"))
	require.NoError(t, err)
	require.NotEmpty(t, found)
}

func TestWhatWasNotCheckedIsNeverCalledClean(t *testing.T) {
	t.Parallel()
	scanner := clamd.New(daemon(t, "tcp", "127.0.0.1:0"))
	_, err := scanner.Scan(t.Context(), strings.NewReader(strings.Repeat("x", 2<<20)))
	require.Error(t, err, "too large for the daemon")
	_, err = scanner.Scan(t.Context(), io.MultiReader(strings.NewReader("half"), failing{}))
	require.Error(t, err, "broken off")
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	_, err = clamd.New(closed.Addr().String()).Scan(t.Context(), strings.NewReader("x"))
	require.Error(t, err, "away")
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("broken") }
