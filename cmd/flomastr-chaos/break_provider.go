package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/flomastr/flomastr/whatsapp"
)

// partProvider takes the way to the provider from one server. The other's is open, so that messages go on being sent, and
// what the first could not send is no failure.
func partProvider(ctx context.Context, t *trial) error {
	before, err := t.lab.ledger(ctx)
	if err != nil {
		return err
	}
	wire := t.lab.provider[t.dice.IntN(len(t.lab.provider))]
	wire.cut()
	sleep(ctx, window)
	during, err := t.lab.ledger(ctx)
	if err := errors.Join(err, wire.mend()); err != nil {
		return err
	}
	if len(during) == len(before) {
		return errors.New("nothing was sent although one server could")
	}
	began := time.Now().Add(-window)
	t.afterwards(func(ctx context.Context, c *checker) {
		c.none(ctx, "I1 given up although nothing left", `
			SELECT m.id || ' ' || m.problem FROM messages m JOIN outbox o ON o.tenant_id = m.tenant_id AND o.message_id = m.id
			WHERE m.state = 'failed' AND o.created_at > $1`, began)
	})
	return nil
}

// outage takes the way to the provider from both servers while a crowd is answered, and gives it back. The crowd's answers
// leave no faster than the number may send, whichever server sends them, and each is judged again before it leaves.
func outage(ctx context.Context, t *trial) error {
	const perSecond, crowd = 10, 60
	ch := t.lab.channels[0]
	slowly := whatsapp.Limits{PerSecond: perSecond, PairBurst: freely.PairBurst}
	if _, err := t.lab.engine.UpdateChannel(ctx, ch.Tenant, ch.ID, whatsapp.ChannelDraft{Limits: &slowly}); err != nil {
		return err
	}
	for _, wire := range t.lab.provider {
		wire.cut()
	}
	for i := range crowd {
		u := t.load.utter(visitor+i*tenants, "Are you open today?")
		t.load.under.Go(func() { t.load.deliver(t.patience, u, t.lab.front.listener.Addr().String()) })
	}
	const waits = `
		SELECT count(*) FROM outbox o JOIN conversations v ON v.tenant_id = o.tenant_id AND v.id = o.conversation_id
		WHERE o.phase <> 'settled' AND o.part IS NOT NULL AND v.address = ANY ($1)`
	addresses := make([]string, crowd)
	for i := range crowd {
		addresses[i] = t.load.contact(visitor + i*tenants)
	}
	err := until(ctx, 2*time.Minute, func() bool { return t.lab.number(ctx, waits, addresses) >= crowd })
	if err != nil {
		err = fmt.Errorf("the crowd's answers do not wait: %w", err)
	}
	// Meanwhile the first's answer has become useless, the second's window has closed, and the third wants nothing any more.
	stale, failed := t.lab.rows(ctx, `
		SELECT o.message_id FROM outbox o JOIN conversations v ON v.tenant_id = o.tenant_id AND v.id = o.conversation_id
		WHERE o.phase <> 'settled' AND v.address = ANY ($1)`, addresses[:3])
	err = errors.Join(err, failed)
	t.visit(2*tenants, "STOP")
	for who, sql := range []string{
		`UPDATE outbox o SET expires_at = now() FROM conversations v WHERE v.tenant_id = o.tenant_id AND v.id = o.conversation_id AND v.address = $1 AND o.phase <> 'settled'`,
		`UPDATE conversations SET window_until = now() WHERE address = $1`,
	} {
		_, failed := t.lab.admin.Exec(ctx, sql, addresses[who])
		err = errors.Join(err, failed)
	}
	sleep(ctx, window/2)
	back := time.Now()
	for _, wire := range t.lab.provider {
		err = errors.Join(err, wire.mend())
	}
	if err == nil {
		err = until(ctx, 3*time.Minute, func() bool { return t.lab.number(ctx, waits, addresses) == 0 })
	}
	quick := freely
	_, restored := t.lab.engine.UpdateChannel(ctx, ch.Tenant, ch.ID, whatsapp.ChannelDraft{Limits: &quick})
	until := time.Now()
	t.afterwards(func(ctx context.Context, c *checker) {
		taken, err := t.lab.ledger(ctx)
		if err != nil {
			c.violatedf("not checked: the provider's ledger: %v", err)
			return
		}
		var times []time.Time
		for _, a := range taken {
			if a.From != ch.Number || a.At.Before(back) || a.At.After(until) {
				continue
			}
			times = append(times, a.At)
			if slices.Contains(stale, a.MessageID) {
				c.violatedf("an answer to %s was sent although it was stale, its window closed, or it was not wanted any more", a.To)
			}
		}
		first := sort.Search(len(times), func(i int) bool { return times[i].Sub(times[0]) >= time.Second })
		if first > perSecond/2 {
			c.violatedf("in the first second after the outage %d messages left; the number may send %d and is to begin slowly", first, perSecond)
		}
		if most := densest(times); most > perSecond+perSecond/2 { // a second's share and what may go at once after a rest
			c.violatedf("after the outage %d messages left within a second; the number may send %d", most, perSecond)
		}
		c.none(ctx, "I1 given up although nothing left", `
			SELECT m.id || ' ' || m.problem FROM messages m JOIN conversations v ON v.tenant_id = m.tenant_id AND v.id = m.conversation_id
			WHERE v.address = ANY ($1) AND m.state = 'failed'`, addresses[3:])
	})
	return errors.Join(err, restored)
}

// densest is the most of the times that lie within a second. They are in order.
func densest(times []time.Time) (most int) {
	from := 0
	for to, at := range times {
		for at.Sub(times[from]) >= time.Second {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}

func cutSends(ctx context.Context, t *trial) error {
	for _, wire := range t.lab.provider {
		wire.behave(behaviour{RandomByte: 1500, Chance: 0.3})
	}
	sleep(ctx, window)
	return nil
}

// fault is a misbehaviour of the stand-in.
type fault map[string]any

func refuse(status, times int) fault {
	return fault{"on": "send", "kind": "refuse", "status": status, "times": times}
}

func accepting(kind string, times int) fault {
	return fault{"on": "send", "kind": kind, "times": times}
}
func reporting(kind string) fault { return fault{"on": "report", "kind": kind, "times": 10} }

// script gives the stand-in its faults.
func script(faults ...fault) func(context.Context, *trial) error {
	return func(ctx context.Context, t *trial) error {
		for _, f := range faults {
			if err := t.lab.fault(ctx, f); err != nil {
				return err
			}
		}
		sleep(ctx, window)
		return nil
	}
}

func faulty(name, what string, faults ...fault) scenario {
	return scenario{name: name, what: what, breaks: script(faults...), mend: func(ctx context.Context, t *trial) error {
		return t.lab.forgive(ctx)
	}}
}

// resume is what a person does once the credentials are right again.
func resume(ctx context.Context, t *trial) error {
	if err := t.lab.forgive(ctx); err != nil {
		return err
	}
	paused := 0
	for _, ch := range t.lab.channels {
		now, err := t.lab.engine.Channel(ctx, ch.Tenant, ch.ID)
		if err != nil {
			return err
		}
		if now.Status == whatsapp.ChannelPaused {
			paused++
		}
		active := whatsapp.ChannelActive
		if _, err := t.lab.engine.UpdateChannel(ctx, ch.Tenant, ch.ID, whatsapp.ChannelDraft{Status: &active}); err != nil {
			return err
		}
	}
	if paused == 0 {
		return fmt.Errorf("no channel was paused")
	}
	return nil
}
