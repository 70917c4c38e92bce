package phone

// watchBuffer is how many events a slow watcher may fall behind before its stream is ended; it then reads the thread again.
const watchBuffer = 256

// Watch returns a stream of a phone's events and a function that ends it. The stream closes when the watcher is too slow.
func (b *Book) Watch(address string) (events <-chan Event, end func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.open(address)
	stream := make(chan Event, watchBuffer)
	p.watchers[stream] = struct{}{}
	return stream, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if _, ok := p.watchers[stream]; ok {
			delete(p.watchers, stream)
			close(stream)
		}
		b.forgetIfIdle(address)
	}
}

// tell hands an event to every watcher. The caller holds the book's lock.
func (p *phone) tell(event Event) {
	for stream := range p.watchers {
		select {
		case stream <- event:
		default:
			delete(p.watchers, stream)
			close(stream)
		}
	}
}

// Snapshot is a book's content, to be kept over a restart.
type Snapshot struct {
	Profiles []Profile
	Messages []Message
}

// Changes tells how often the book changed: two equal answers mean that nothing did in between.
func (b *Book) Changes() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changes
}

// Snapshot copies the book.
func (b *Book) Snapshot() Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	var s Snapshot
	for _, p := range b.phones {
		if p.configured {
			s.Profiles = append(s.Profiles, p.profile)
		}
	}
	for _, message := range b.order {
		s.Messages = append(s.Messages, *message)
	}
	return s
}

// Restore fills an empty book from a snapshot.
func (b *Book) Restore(s Snapshot) error {
	for _, profile := range s.Profiles {
		address := profile.Number
		if address == "" {
			address = profile.UserID
		}
		if _, err := b.Configure(address, func(p *Profile) { *p = profile }); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, message := range s.Messages {
		b.add(message)
	}
	return nil
}
