package flomastr_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
)

func TestALineIsWhatCanBeSeen(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                               "",
		"  did \n not\tpay ":             "did not pay",
		"لم يدفع":                        "لم يدفع",
		"भुगतान नहीं":                    "भुगतान नहीं",
		"paid \u202etnemyap\u202c late":  "paid tnemyap late",
		"a\u200bb\ufeffc\u00ad":          "abc",
		"a\x00b\x1b[31mc":                "a b [31mc",
		"a\xffb":                         "ab",
		"\u200b\u200b\u2060\ufeff":       "",
		"\u3164\u115f\u1160\uffa0":       "",
		"\u2800\u2800":                   "",
		"\u0301\u0302":                   "",
		"\U000e0041\U000e0042\ufe0f":     "",
		"\u00a0\u2003\u3000\u2028\u2029": "",
		"!":                              "!",
	} {
		require.Equal(t, want, flomastr.VisibleLine(in), "%q", in)
	}
}

func FuzzVisibleLine(f *testing.F) {
	f.Add("a \u200b b")
	f.Add("\u0301")
	f.Fuzz(func(t *testing.T, in string) {
		line := flomastr.VisibleLine(in)
		require.True(t, utf8.ValidString(line))
		require.NotContains(t, line, "\n")
		require.Equal(t, line, strings.TrimSpace(line))
		require.Equal(t, line, flomastr.VisibleLine(line), "cleaning again changes nothing")
	})
}
