package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatIsLoggedCannotForgeALine(t *testing.T) {
	t.Parallel()
	evil := []string{
		"a\r\nlevel=ERROR msg=forged", "a\x1b[31mred\x1b[0m", "a\x1b]0;title\x07", "a\u2028b\u0085c", `{"level":"ERROR","msg":"forged"}`,
		strings.Repeat("x", 1<<20), "\x00\x7f",
	}
	for _, format := range []string{"json", "text"} {
		for _, value := range evil {
			var out bytes.Buffer
			log := newLogger(&out, "debug", format)
			log.Info(value, "path", value)
			line := out.String()
			require.Equal(t, 1, strings.Count(line, "\n"), "%s: one record is one line", format)
			require.NotContains(t, strings.TrimSuffix(line, "\n"), "\r", format)
			for _, raw := range []string{"\x1b", "\x07", "\x00"} {
				require.NotContains(t, line, raw, format)
			}
			if format == "json" {
				require.True(t, json.Valid(out.Bytes()))
			}
		}
	}
}
