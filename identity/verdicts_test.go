package identity

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestInventedKeysTakeNoMoreRoom(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	v := newVerdicts[int, int](func() time.Time { return now })
	get := func(key int) {
		_, err := v.get(key, func() (int, error) { return key, nil })
		require.NoError(t, err)
	}
	for key := range 2*maxVerdicts + 1 {
		get(key)
		require.LessOrEqual(t, len(v.kept), maxVerdicts)
	}
	last := len(v.kept)
	now = now.Add(verdictAge)
	for key := range maxVerdicts - last + 1 {
		get(-1 - key)
	}
	require.Len(t, v.kept, maxVerdicts-last+1, "what is over goes first")
}
