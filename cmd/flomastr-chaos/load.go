package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/flomastr/flomastr/whatsapp"
)

// load is what customers do, and what they were told.
type load struct {
	lab      *lab
	run      string // marks the run's messages and contacts
	dice     *rand.Rand
	contacts int
	pause    time.Duration // between two messages
	copies   int           // of each message, besides the random duplicates
	both     bool          // every message goes to both servers at once
	client   http.Client

	mu       sync.Mutex
	heard    []string        // acknowledged message ids
	waits    []time.Duration // how long each took that was acknowledged
	statuses map[int]int     // what the servers answered
	seq      map[int]int
	under    sync.WaitGroup
	slots    chan struct{} // deliveries that may be under way at once
}

func newLoad(l *lab, run string, seed uint64) *load {
	return &load{
		lab: l, run: run, dice: rand.New(rand.NewPCG(seed, 2)), contacts: 20, pause: 40 * time.Millisecond * time.Duration(l.beside), client: http.Client{Timeout: 10 * time.Second},
		statuses: map[int]int{}, seq: map[int]int{}, slots: make(chan struct{}, 20),
	}
}

// utterance is one message on its way to us.
type utterance struct {
	channel whatsapp.Channel
	id      string
	body    string
}

// visitor is the first customer of whom a scenario makes something special; what they write is none of the run's load.
const visitor = 1000

// forgotten begins the ids of what is erased with its tenant.
const forgotten = "forgotten"

// write lets customers write until ctx ends: in a window of ten the order is random, every fifth message comes twice.
// What is under way then is delivered under patience.
func (l *load) write(ctx, patience context.Context) {
	var window []utterance
	send := func(u utterance) {
		copies := 1 + l.copies
		if l.dice.Float64() < 0.2 {
			copies++
		}
		for i := range copies {
			target := l.lab.front.listener.Addr().String()
			if l.both {
				target = l.lab.servers[i%2].address
			}
			// Customers who find nobody wait: a busy machine is not to be buried under what it has not answered yet.
			l.slots <- struct{}{}
			l.under.Go(func() {
				defer func() { <-l.slots }()
				l.deliver(patience, u, target)
			})
		}
	}
	for sleep(ctx, l.pause) {
		window = append(window, l.utter(l.dice.IntN(l.contacts), "Question %d: when are you open?"))
		if len(window) >= 10 {
			i := l.dice.IntN(len(window))
			send(window[i])
			window = append(window[:i], window[i+1:]...)
		}
	}
	for _, u := range window {
		send(u)
	}
}

// utter makes a customer's next message; the text may tell its number.
func (l *load) utter(who int, text string) utterance {
	ch := l.lab.channels[who%tenants]
	l.mu.Lock()
	l.seq[who]++
	seq := l.seq[who]
	l.mu.Unlock()
	id := fmt.Sprintf("chaos-%s-%d-%d", l.run, who, seq)
	if who >= visitor {
		id = "visitor" + id
	}
	if strings.Contains(text, "%d") {
		text = fmt.Sprintf(text, seq)
	}
	return l.addressed(ch, who, id, text)
}

func (l *load) addressed(ch whatsapp.Channel, who int, id, text string) utterance {
	words, _ := json.Marshal(text)
	return utterance{channel: ch, id: id, body: fmt.Sprintf(`{"results":[{"from":%q,"to":%q,"integrationType":"WHATSAPP","receivedAt":%q,"messageId":%q,
		"message":{"type":"TEXT","text":%s},"contact":{"name":"Customer"},"price":{"pricePerMessage":0,"currency":"EUR"}}],"messageCount":1,"pendingMessageCount":0}`,
		l.contact(who), ch.Number, time.Now().UTC().Format("2006-01-02T15:04:05.000+0000"), id, words)}
}

// flood lets visitors of one tenant write so many messages a second, until ctx ends.
func (l *load) flood(ctx, patience context.Context, tenant, visitors, perSecond int) {
	for n := 0; sleep(ctx, time.Second/time.Duration(perSecond)); n++ {
		u := l.utter(visitor+tenant+tenants*(n%visitors), "Question %d: when are you open?")
		l.under.Go(func() { l.deliver(patience, u, l.lab.front.listener.Addr().String()) })
	}
}

func (l *load) contact(who int) string { return fmt.Sprintf("9715%s%04d", l.run, who) }

// deliver posts until the server says that it has the message, as a provider does for days.
func (l *load) deliver(ctx context.Context, u utterance, target string) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		began := time.Now()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+target+"/webhook/infobip/"+u.channel.ID.String(), strings.NewReader(u.body))
		if err != nil {
			return
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Webhook-Secret", "secret "+u.channel.Number)
		status := 0
		if answer, err := l.client.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			status = answer.StatusCode
		}
		l.note(u.id, status, time.Since(began))
		if status == http.StatusOK || !sleep(ctx, wait) {
			return
		}
		if l.both { // that server may be gone: the provider comes by the proxy
			target = l.lab.front.listener.Addr().String()
		}
	}
}

func (l *load) note(id string, status int, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if strings.HasPrefix(id, forgotten) {
		return
	}
	if l.statuses[status]++; status == http.StatusOK {
		l.heard, l.waits = append(l.heard, id), append(l.waits, took)
	}
}
