package httpapi

import (
	"container/list"
	"sync"
)

// recent keeps one value for each of the keys that were asked for last, and no more than most, however many keys callers
// invent.
type recent[K comparable, V any] struct {
	most int
	make func() V

	mu    sync.Mutex
	order *list.List // of kept, the last used first
	kept  map[K]*list.Element
}

type kept[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](most int, value func() V) *recent[K, V] {
	return &recent[K, V]{most: most, make: value, order: list.New(), kept: map[K]*list.Element{}}
}

// of gives the key's value, and makes it where there is none.
func (r *recent[K, V]) of(key K) V {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.kept[key]; ok {
		r.order.MoveToFront(e)
		return e.Value.(*kept[K, V]).value
	}
	if r.order.Len() >= r.most {
		oldest := r.order.Back()
		delete(r.kept, r.order.Remove(oldest).(*kept[K, V]).key)
	}
	made := &kept[K, V]{key, r.make()}
	r.kept[key] = r.order.PushFront(made)
	return made.value
}
