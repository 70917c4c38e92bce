package local

import (
	"context"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
)

func TestAnAccountThatIsNotThereCostsTheSameHash(t *testing.T) {
	t.Parallel()
	p := New(Deps{})
	stored, err := p.hash(t.Context(), "Otter Lamp Ferry Quilt")
	require.NoError(t, err)
	real, salt, key, err := argon2id.DecodeHash(stored)
	require.NoError(t, err)
	nobody, nobodySalt, nobodyKey, err := argon2id.DecodeHash(p.nobody)
	require.NoError(t, err)
	require.Equal(t, real, nobody, "memory, passes and lanes")
	require.Len(t, nobodySalt, len(salt))
	require.Len(t, nobodyKey, len(key))
	require.EqualValues(t, 64*1024, real.Memory)

	ok, err := p.matches(t.Context(), "Otter Lamp Ferry Quilt", "")
	require.NoError(t, err)
	require.False(t, ok)
	ok, err = p.matches(t.Context(), "Otter Lamp Ferry Quilt", stored)
	require.NoError(t, err)
	require.True(t, ok)
}

func TestHashesWaitForRoomAndGiveUp(t *testing.T) {
	t.Parallel()
	p := New(Deps{})
	var held []func()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		release, err := p.hashSlot(ctx)
		cancel()
		if err != nil {
			require.Equal(t, flomastr.Unavailable, flomastr.KindOf(err))
			break
		}
		held = append(held, release)
	}
	require.LessOrEqual(t, len(held), 4, "each takes 64 MiB")
	held[0]()
	release, err := p.hashSlot(t.Context())
	require.NoError(t, err)
	release()
}

func BenchmarkHash(b *testing.B) {
	p := New(Deps{})
	for b.Loop() {
		if _, err := p.hash(context.Background(), "Otter Lamp Ferry Quilt"); err != nil {
			b.Fatal(err)
		}
	}
}
