package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/flomastr/flomastr/internal/bench"
)

const (
	turnChannels = 4
	turnContacts = 1200
)

// turn measures from a customer's webhook to the answer's arrival in the stand-in's ledger: the offline assistant, 1,000
// passages, four channels whose own limits are lifted, a stand-in that answers at once and limits nothing, 1,200 contacts who have
// written before. Each message ends with a question mark, so that nobody waits for more of the same turn; what that wait
// is otherwise is measured apart.
func (l *lab) turn(ctx context.Context) ([]bench.Figure, error) {
	b, err := l.brain(ctx, turnBrain)
	if err != nil {
		return nil, err
	}
	crowd := &crowd{lab: l, questions: b.questions}
	for range turnChannels {
		c, err := l.connect(ctx, "assistant")
		if err != nil {
			return nil, err
		}
		crowd.channels = append(crowd.channels, c)
	}
	// Everybody introduces themselves; the first answer to each also says who answers.
	if _, err := crowd.ask(ctx, turnContacts, 0, "?"); err != nil {
		return nil, err
	}
	if _, err := l.admin.Exec(ctx, `ANALYZE`); err != nil { // autovacuum does so within 15 s
		return nil, err
	}
	var figures []bench.Figure
	var rates []float64
	var cost costs
	var standIn time.Duration
	for range 3 {
		meter, before := l.meter(), cpuOf(l.standIn.pid())
		got, err := crowd.ask(ctx, turnContacts, 0, "?")
		if err != nil {
			return nil, err
		}
		cost, standIn = cost.add(meter.since(l), turnContacts), standIn+cpuOf(l.standIn.pid())-before
		rates = append(rates, turnContacts/got.elapsed.Seconds())
		figures = append(figures, bench.Figure{
			Name: "turn", Unit: "turns/s", Value: turnContacts / got.elapsed.Seconds(), Reach: 50, Rule: bench.AtLeast,
			What: "1,200 questions at once, from the first webhook to the last answer in the stand-in's ledger",
		})
	}
	for _, part := range []struct {
		name string
		cpu  time.Duration
	}{{"server", cost.server}, {"database", cost.database}, {"standin", standIn}, {"load", cost.load}} {
		figures = append(figures, bench.Figure{
			Name: "turn.cpu." + part.name, Unit: "ms", Value: float64(part.cpu.Microseconds()) / 1000 / float64(cost.messages), Rule: bench.Shown, What: "processor time a turn",
		})
	}
	slices.Sort(rates)
	basis, err := measureBare(ctx)
	if err != nil {
		return nil, err
	}
	half := rates[len(rates)/2] / 2
	paced, err := crowd.ask(ctx, min(turnContacts, int(half*12)), half, "?")
	if err != nil {
		return nil, err
	}
	waited, err := crowd.ask(ctx, 60, 15, "")
	if err != nil {
		return nil, err
	}
	p50, p99 := percentile(paced.latencies, 50), percentile(paced.latencies, 99)
	return append(figures,
		bench.Figure{
			Name: "turn.p50", Unit: "ms", Value: p50, Against: basis.p50, Reach: 80 * basis.stretch(), Rule: bench.AtMost,
			What: fmt.Sprintf("webhook sent to answer in the ledger, at %.0f turns/s, half of the most; against a bare handler's p50", half),
		},
		bench.Figure{
			Name: "turn.p99", Unit: "ms", Value: p99, Against: basis.p50, Reach: 400 * basis.stretch(), Rule: bench.AtMost,
			What: fmt.Sprintf("the same (the bare handler's p99 is %.1f ms at 5,000/s)", basis.p99),
		},
		bench.Figure{
			Name: "turn.burst_wait", Unit: "ms", Value: percentile(waited.latencies, 50) - p50, Rule: bench.Shown,
			What: "how much longer the p50 is when the message does not end a sentence, because more may come",
		},
	), nil
}

// crowd is many contacts on a few channels, each with one open question at a time.
type crowd struct {
	lab       *lab
	channels  []channel
	questions []string
	asked     int
}

// answers is what came of asking.
type answers struct {
	elapsed   time.Duration
	latencies []time.Duration
}

// ask lets n contacts ask one question each, all at once or at a pace, and waits for their answers.
func (c *crowd) ask(ctx context.Context, n int, perSecond float64, end string) (answers, error) {
	ledger, err := os.Open(c.lab.ledger)
	if err != nil {
		return answers{}, err
	}
	defer func() { _ = ledger.Close() }()
	if _, err := ledger.Seek(0, io.SeekEnd); err != nil {
		return answers{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	sent := make([]time.Time, n)
	began := time.Now()
	failed := make(chan error, 1)
	go func() { failed <- c.send(ctx, sent, began, perSecond, end) }()
	got, err := c.await(ctx, ledger, n)
	if err = errors.Join(<-failed, err); err != nil {
		return answers{}, err
	}
	out := answers{}
	for i, at := range got {
		out.latencies = append(out.latencies, at.Sub(sent[i]))
		out.elapsed = max(out.elapsed, at.Sub(began))
	}
	slices.Sort(out.latencies)
	return out, nil
}

// send posts the webhooks over a few connections for each channel.
func (c *crowd) send(ctx context.Context, sent []time.Time, began time.Time, perSecond float64, end string) error {
	const lines = 8
	c.asked++
	run := fmt.Sprintf("turn-%d-%d-", began.UnixNano(), c.asked)
	errs := make([]error, lines)
	var all sync.WaitGroup
	for line := range lines {
		ch := c.channels[line%len(c.channels)]
		all.Go(func() {
			w, err := dial(c.lab.address)
			if err != nil {
				errs[line] = err
				return
			}
			defer func() { _ = w.conn.Close() }()
			head := webhookHead(c.lab.address, ch)
			for i := line; i < len(sent) && ctx.Err() == nil; i += lines {
				if perSecond > 0 {
					time.Sleep(time.Until(began.Add(time.Duration(float64(i) / perSecond * float64(time.Second)))))
				}
				question := c.questions[(i+c.asked*131)%len(c.questions)]
				body := c.body(ch, run+strconv.Itoa(i), i, question[:len(question)-1]+end)
				sent[i] = time.Now()
				status, err := w.exchange(head, body)
				for err == nil && status == 503 && ctx.Err() == nil { // as a provider does, only sooner
					time.Sleep(100 * time.Millisecond)
					status, err = w.exchange(head, body)
				}
				if err != nil || status != 200 {
					errs[line] = errors.Join(err, fmt.Errorf("a question is answered with %d", status))
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (c *crowd) body(ch channel, id string, contact int, text string) []byte {
	quoted, _ := json.Marshal(text)
	return fmt.Appendf(nil, `{"results":[{"from":"%s","to":%q,"integrationType":"WHATSAPP","receivedAt":%q,"messageId":%q,"message":{"type":"TEXT","text":%s},`+
		`"contact":{"name":"Guest %d"},"price":{"pricePerMessage":0.0,"currency":"EUR"}}],"messageCount":1,"pendingMessageCount":0}`,
		senderNumber(int64(contact)), ch.number, time.Now().UTC().Format("2006-01-02T15:04:05.000+0000"), id, quoted, contact)
}

// await reads the ledger until every contact was answered, and gives the times.
func (c *crowd) await(ctx context.Context, ledger io.Reader, n int) ([]time.Time, error) {
	at := make([]time.Time, n)
	contact := map[string]int{}
	for i := range n {
		contact[senderNumber(int64(i))] = i
	}
	lines := bufio.NewReaderSize(ledger, 1<<20)
	var torn []byte
	for open := n; open > 0; {
		line, err := lines.ReadBytes('\n')
		if torn = append(torn, line...); errors.Is(err, io.EOF) {
			select {
			case <-ctx.Done():
				return nil, fmt.Errorf("%d of %d questions were not answered: %w", open, n, ctx.Err())
			case <-time.After(5 * time.Millisecond):
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		var entry struct {
			At time.Time
			To string
		}
		if err := json.Unmarshal(torn, &entry); err != nil {
			return nil, err
		}
		torn = torn[:0]
		if i, ok := contact[entry.To]; ok && at[i].IsZero() {
			at[i] = entry.At
			open--
		}
	}
	return at, nil
}
