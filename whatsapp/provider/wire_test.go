package provider_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/whatsapp/provider"
)

// A provider's wish to wait is kept in each form, and never for longer than a message is useful.
func TestAWishToWaitIsReadInEachForm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said        string
		least, most time.Duration
	}{
		"nothing":             {"", 0, 0},
		"no time at all":      {"0", 0, 0},
		"seconds":             {"7", 7 * time.Second, 7 * time.Second},
		"seconds, with space": {" 7 ", 7 * time.Second, 7 * time.Second},
		"a day":               {"86400", 10 * time.Minute, 10 * time.Minute},
		"less than nothing":   {"-5", 0, 0},
		"a date":              {time.Now().Add(2 * time.Minute).UTC().Format(http.TimeFormat), time.Second, 2 * time.Minute},
		"a date that is past": {"Mon, 02 Jan 2006 15:04:05 GMT", 0, 0},
		"words":               {"soon", 0, 0},
		"more than a number":  {"99999999999999999999", 0, 0},
	} {
		got := provider.RetryAfter(http.Header{"Retry-After": {c.said}})
		require.GreaterOrEqual(t, got, c.least, name)
		require.LessOrEqual(t, got, c.most, name)
	}
}
