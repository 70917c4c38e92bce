package postgres

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

func TestAHalfIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	for bits, want := range map[uint16]float32{
		0x0000: 0, 0x3c00: 1, 0xbc00: -1, 0x3800: 0.5, 0x3555: 0.33325195, 0x7bff: 65504, 0x0400: 1.0 / (1 << 14), 0x0001: 1.0 / (1 << 24), 0x8200: -512.0 / (1 << 24),
	} {
		require.InDelta(t, want, half(bits), 0, "%#04x", bits)
	}
}

func TestMemoryGoesToWhoWasAskedLast(t *testing.T) {
	t.Parallel()
	index := func(bytes int) *contextengine.Resident {
		r := contextengine.NewResident("s", "m")
		r.AddPassage(flomastr.ItemID{}, 1, 1, ranking.Bag{Text: []byte(strings.Repeat("x", bytes-200))})
		require.Equal(t, bytes, r.Bytes())
		return r
	}
	r := newResidents(nil)
	r.most = 1000
	hold := func(bytes int) *resident {
		if !r.fit(bytes) {
			return nil
		}
		h := &resident{index: index(bytes), used: flomastr.SystemClock()}
		r.held[flomastr.NewID[flomastr.TenantID]()] = h
		r.bytes += bytes
		return h
	}
	first, second := hold(400), hold(400)
	first.used = first.used.Add(1e9)
	third := hold(500)
	require.NotNil(t, first.index)
	require.Nil(t, second.index, "unused for longest")
	require.NotNil(t, third.index)
	require.Equal(t, 900, r.bytes)
	require.Nil(t, hold(1001), "larger than all of it")
	require.Equal(t, 900, r.bytes, "and nobody else lost theirs for it")
}
