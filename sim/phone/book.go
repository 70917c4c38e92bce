package phone

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// ErrTooMany says that no more phones can be configured.
var ErrTooMany = errors.New("too many phones are configured")

// maxConfigured bounds the profiles that somebody set; phones that merely got messages are forgotten with them.
const maxConfigured = 20_000

// Book holds all phones. It keeps the last messages of all phones together up to a limit, and is safe for concurrent use.
type Book struct {
	limit int

	mu      sync.Mutex
	seq     uint64
	changes uint64 // grows with everything that a snapshot would show
	phones  map[string]*phone
	aliases map[string]string     // user id → key of a phone that has a number too
	byID    map[string][]*Message // a provider id may be used twice; both bubbles are kept
	order   []*Message            // oldest first, for forgetting
}

// phone is one customer's phone.
type phone struct {
	profile    Profile
	configured bool
	messages   []*Message
	watchers   map[chan Event]struct{}
}

// NewBook makes a book that keeps up to limit messages.
func NewBook(limit int) *Book {
	return &Book{limit: limit, phones: map[string]*phone{}, aliases: map[string]string{}, byID: map[string][]*Message{}}
}

// key finds the phone that a number or user id means. The caller holds the lock.
func (b *Book) key(address string) string {
	if key, ok := b.aliases[address]; ok {
		return key
	}
	return address
}

// open finds or makes the phone. The caller holds the lock.
func (b *Book) open(address string) *phone {
	key := b.key(address)
	p, ok := b.phones[key]
	if !ok {
		p = &phone{profile: Profile{Online: true}, watchers: map[chan Event]struct{}{}}
		if strings.Contains(address, ".") {
			p.profile.UserID = address
		} else {
			p.profile.Number = address
		}
		b.phones[key] = p
	}
	return p
}

// Profile returns the phone's profile; a phone that nobody spoke of yet has a plain one.
func (b *Book) Profile(address string) Profile {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p, ok := b.phones[b.key(address)]; ok {
		return p.profile
	}
	profile := Profile{Online: true, Number: address}
	if strings.Contains(address, ".") {
		profile.Number, profile.UserID = "", address
	}
	return profile
}

// Configure changes a phone's profile and returns it.
func (b *Book) Configure(address string, change func(*Profile)) (Profile, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.open(address)
	if !p.configured && len(b.phones) > maxConfigured {
		b.forgetIfIdle(address)
		return Profile{}, ErrTooMany
	}
	p.configured = true
	b.changes++
	if p.profile.UserID != "" {
		delete(b.aliases, p.profile.UserID)
	}
	change(&p.profile)
	if p.profile.UserID != "" && p.profile.UserID != address {
		b.merge(p, p.profile.UserID)
		b.aliases[p.profile.UserID] = b.key(address)
	}
	profile := p.profile
	p.tell(Event{Kind: "profile", Profile: &profile})
	return profile, nil
}

// merge moves what came to a user id, before anybody knew whose it is, onto the phone with the number. The caller holds the
// lock.
func (b *Book) merge(p *phone, userID string) {
	other, ok := b.phones[userID]
	if !ok || other == p {
		return
	}
	p.messages = append(p.messages, other.messages...)
	slices.SortFunc(p.messages, func(x, y *Message) int { return cmp.Compare(x.Seq, y.Seq) })
	maps.Copy(p.watchers, other.watchers)
	delete(b.phones, userID)
}

// Add puts a new message into its thread and returns it with its Seq.
func (b *Book) Add(message Message) Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return *b.add(message)
}

func (b *Book) add(message Message) *Message {
	b.seq++
	b.changes++
	message.Seq = b.seq
	kept := &message
	p := b.open(message.Customer)
	p.messages = append(p.messages, kept)
	b.byID[message.ID] = append(b.byID[message.ID], kept)
	b.order = append(b.order, kept)
	p.tell(Event{Kind: "message", Business: message.Business, Message: copyOf(kept)})
	if len(b.order) > b.limit {
		b.forgetOldest()
	}
	return kept
}

// forgetOldest drops the oldest tenth, so that the slices are moved rarely. The caller holds the lock.
func (b *Book) forgetOldest() {
	n := max(1, b.limit/10)
	gone := map[*phone]string{}
	for _, message := range b.order[:n] {
		p := b.phones[b.key(message.Customer)]
		if p != nil {
			p.messages = slices.DeleteFunc(p.messages, func(m *Message) bool { return m == message })
			gone[p] = message.Customer
		}
		same := slices.DeleteFunc(b.byID[message.ID], func(m *Message) bool { return m == message })
		if len(same) == 0 {
			delete(b.byID, message.ID)
		} else {
			b.byID[message.ID] = same
		}
	}
	b.order = slices.Clone(b.order[n:])
	for p, customer := range gone {
		p.messages = slices.Clone(p.messages)
		b.forgetIfIdle(customer)
	}
}

func (b *Book) forgetIfIdle(address string) {
	key := b.key(address)
	if p := b.phones[key]; p != nil && !p.configured && len(p.messages) == 0 && len(p.watchers) == 0 {
		delete(b.phones, key)
	}
}

// Move changes a message's state if that is a step forward, and returns it. ok is false when nothing moved.
func (b *Book) Move(seq uint64, id string, to State, at time.Time, failure string) (Message, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, message := range b.byID[id] {
		if message.Seq == seq || seq == 0 {
			if b.move(message, to, at, failure) {
				return *message, true
			}
		}
	}
	return Message{}, false
}

func (b *Book) move(message *Message, to State, at time.Time, failure string) bool {
	if message.State == Failed || to.rank() <= message.State.rank() {
		return false
	}
	b.changes++
	message.State, message.Failure = to, failure
	switch to {
	case Delivered:
		message.DeliveredAt = &at
	case Read:
		message.ReadAt = &at
		if message.DeliveredAt == nil {
			message.DeliveredAt = &at
		}
	case Sent, Failed:
	}
	b.open(message.Customer).tell(Event{Kind: "state", Business: message.Business, Message: copyOf(message)})
	return true
}

// Find returns the messages that carry a provider id.
func (b *Book) Find(id string) []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := make([]Message, 0, 1)
	for _, message := range b.byID[id] {
		found = append(found, *message)
	}
	return found
}

// Thread returns a phone's messages above a Seq, oldest first; with one business, or with all when empty.
func (b *Book) Thread(address, business string, after uint64) []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := []Message{}
	p := b.phones[b.key(address)]
	if p == nil {
		return found
	}
	for _, message := range p.messages {
		if message.Seq > after && (business == "" || message.Business == business) {
			found = append(found, *message)
		}
	}
	return found
}

// Phones lists the profiles of all phones that spoke with a business (any, when empty) or were configured, by address.
func (b *Book) Phones(business string) []Profile {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := []Profile{}
	for _, key := range slices.Sorted(maps.Keys(b.phones)) {
		p := b.phones[key]
		spoke := slices.ContainsFunc(p.messages, func(m *Message) bool { return business == "" || m.Business == business })
		if spoke || p.configured {
			found = append(found, p.profile)
		}
	}
	return found
}

// Typing tells a phone that the business is writing.
func (b *Book) Typing(address, business string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.phones[b.key(address)]; p != nil {
		p.tell(Event{Kind: "typing", Business: business})
	}
}

func copyOf(m *Message) *Message {
	c := *m
	return &c
}
