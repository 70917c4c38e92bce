package identity

import (
	"sync"
	"time"

	"github.com/flomastr/flomastr"
)

// verdicts remembers good answers for verdictAge. Bad ones are never kept: a flood of invented tokens must not push out
// what is known of real callers, and a right that was just given must work at once.
type verdicts[K comparable, V any] struct {
	clock flomastr.Clock

	mu   sync.Mutex
	kept map[K]verdict[V]
	// age counts the calls of clear, so that a look-up that began before one does not fill the cache after it.
	age int
}

type verdict[V any] struct {
	value V
	until time.Time
}

func newVerdicts[K comparable, V any](clock flomastr.Clock) *verdicts[K, V] {
	return &verdicts[K, V]{clock: clock, kept: map[K]verdict[V]{}}
}

func (v *verdicts[K, V]) get(key K, look func() (V, error)) (V, error) {
	now := v.clock()
	v.mu.Lock()
	found, ok := v.kept[key]
	age := v.age
	v.mu.Unlock()
	if ok && now.Before(found.until) {
		return found.value, nil
	}
	value, err := look()
	if err != nil {
		var zero V
		return zero, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.age != age {
		return value, nil
	}
	if len(v.kept) >= maxVerdicts {
		v.dropStale(now)
	}
	v.kept[key] = verdict[V]{value: value, until: now.Add(verdictAge)}
	return value, nil
}

// dropStale makes room: what is over, and when that is nothing, everything. The next requests look again.
func (v *verdicts[K, V]) dropStale(now time.Time) {
	for key, found := range v.kept {
		if !now.Before(found.until) {
			delete(v.kept, key)
		}
	}
	if len(v.kept) >= maxVerdicts {
		clear(v.kept)
	}
}

func (v *verdicts[K, V]) clear() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.age++
	clear(v.kept)
}

func (v *verdicts[K, V]) forget(key K) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.kept, key)
}
