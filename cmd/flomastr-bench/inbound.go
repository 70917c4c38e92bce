package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/flomastr/flomastr/internal/bench"
)

const (
	senders     = 500 // known before anything is measured
	connections = 64
	// Enough to ask for several times the peak rate, however often they are refused.
	floodConnections = 2000
	inboundRun       = 5 * time.Second
	limitRun         = 5 * time.Second
)

// webhookHead is a webhook's request up to its Content-Length.
func webhookHead(address string, c channel) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nContent-Type: application/json\r\n%s: %s\r\n", c.path, address, c.header, c.secret)
}

// inboundBody makes Infobip's webhook of one short message, the n-th, of one of so many senders in turn.
func inboundBody(number string, senders int64) func([]byte, int64) []byte {
	run := strconv.FormatInt(time.Now().UnixNano(), 36)
	return func(b []byte, n int64) []byte {
		b = append(b, `{"results":[{"from":"`...)
		b = append(b, senderNumber(n%senders)...)
		b = append(b, `","to":"`...)
		b = append(b, number...)
		b = append(b, `","integrationType":"WHATSAPP","receivedAt":"`...)
		b = time.Now().UTC().AppendFormat(b, "2006-01-02T15:04:05.000+0000")
		b = append(b, `","messageId":"bench-`...)
		b = append(b, run...)
		b = append(b, '-')
		b = strconv.AppendInt(b, n, 10)
		b = append(b, `","pairedMessageId":null,"callbackData":null,"message":{"type":"TEXT","text":"Are you open on Friday evening, and do I need to book a table for four?"},"contact":{"name":"Guest `...)
		b = strconv.AppendInt(b, n%senders, 10)
		return append(b, `"},"price":{"pricePerMessage":0.0,"currency":"EUR"}}],"messageCount":1,"pendingMessageCount":0}`...)
	}
}

func senderNumber(n int64) string { return "9715" + fmt.Sprintf("%08d", n) }

// inbound measures how fast messages are taken in: signed webhooks of one message each over 64 connections, every answer
// after the commit. The channel's conversations are for an outside worker that never asks (worker n8n), so that no turn is
// answered meanwhile and what is measured is the intake alone; the turns still are written, and wait.
//
// The limit is pgbench, which writes the same rows of one message, one transaction each, into the same tables of the same
// server, half a minute apart. It logs in as the administrator, so row-level security costs it nothing.
func (l *lab) inbound(ctx context.Context) ([]bench.Figure, error) {
	if err := l.open(ctx); err != nil {
		return nil, err
	}
	ours, err := l.connect(ctx, "n8n")
	if err != nil {
		return nil, err
	}
	theirs, err := l.connect(ctx, "n8n")
	if err != nil {
		return nil, err
	}
	for _, c := range []channel{ours, theirs} {
		if err := l.introduce(ctx, c, senders); err != nil {
			return nil, err
		}
	}
	if err := l.prepareLimit(ctx, theirs); err != nil {
		return nil, err
	}
	durable, err := l.durability(ctx)
	if err != nil {
		return nil, err
	}
	work := load{
		address: l.address, connections: connections, head: webhookHead(l.address, ours), body: inboundBody(ours.number, senders),
		duration: inboundRun, first: senders,
	}
	var rates, limits []float64
	var cost costs
	for range 3 {
		limit, err := l.limit(ctx)
		if err != nil {
			return nil, err
		}
		meter := l.meter()
		got, err := work.run(ctx)
		if err != nil {
			return nil, err
		}
		cost = cost.add(meter.since(l), got.stored)
		work.first = got.next
		rates, limits = append(rates, got.rate()), append(limits, limit)
		if got.failed+got.refused > 0 {
			return nil, fmt.Errorf("%d webhooks failed and %d were refused at the peak", got.failed, got.refused)
		}
	}
	figures := []bench.Figure{}
	for i := range rates {
		figures = append(figures, bench.Figure{
			Name: "inbound", Unit: "msg/s", Value: rates[i], Against: limits[i], Reach: 0.7, Rule: bench.RatioAtLeast,
			What: "webhooks stored, against pgbench writing the same rows one message a transaction; " + durable,
		})
	}
	for _, part := range []struct {
		name string
		cpu  time.Duration
	}{{"server", cost.server}, {"database", cost.database}, {"load", cost.load}} {
		figures = append(figures, bench.Figure{
			Name: "inbound.cpu." + part.name, Unit: "µs", Value: float64(part.cpu.Microseconds()) / float64(cost.messages), Rule: bench.Shown,
			What: "processor time a message",
		})
	}
	more, err := l.inboundLatency(ctx, &work, slices.Max(rates))
	if err != nil {
		return nil, err
	}
	return append(figures, more...), nil
}

// inboundLatency measures at half the peak, and beyond it.
func (l *lab) inboundLatency(ctx context.Context, work *load, peak float64) ([]bench.Figure, error) {
	basis, err := measureBare(ctx)
	if err != nil {
		return nil, err
	}
	half := *work
	half.perSecond, half.duration = peak/2, 6*time.Second
	calm, err := half.run(ctx)
	if err != nil {
		return nil, err
	}
	// Beyond the peak: many times as many connections, each asking again and again.
	forgetPeak(l.serving.pid())
	beyond := *work
	beyond.connections, beyond.first, beyond.duration, beyond.afterRefuse = floodConnections, calm.next, 8*time.Second, 50*time.Millisecond
	flood, err := beyond.run(ctx)
	if err != nil {
		return nil, err
	}
	memory := memoryOf(l.serving.pid(), "VmHWM")
	work.first = flood.next
	return []bench.Figure{
		{
			Name: "inbound.p99", Unit: "ms", Value: percentile(calm.latencies, 99), Against: basis.p50, Reach: 25 * basis.stretch(), Rule: bench.AtMost,
			What: fmt.Sprintf("webhook answered at half the peak rate, against a bare handler's p50 (its p99 %.1f ms at 5,000/s)", basis.p99),
		},
		{Name: "inbound.p50", Unit: "ms", Value: percentile(calm.latencies, 50), Against: basis.p50, Reach: 200, Rule: bench.AtMost, What: "the same; the ceiling is promised"},
		{
			Name: "inbound.overload.memory", Unit: "MB", Value: memory / 1e6, Reach: 300, Rule: bench.AtMost,
			What: fmt.Sprintf("the server's peak with 2,000 connections that never stop: %.0f stored and %.0f refused with 503 a second", flood.rate(), float64(flood.refused)/flood.elapsed.Seconds()),
		},
		{
			Name: "inbound.overload.stored", Unit: "msg/s", Value: flood.rate(), Against: peak, Reach: 0.5, Rule: bench.RatioAtLeast,
			What: "still stored meanwhile, against the peak",
		},
		{Name: "inbound.overload.refused_p99", Unit: "ms", Value: percentile(flood.refusals, 99), Reach: 2000, Rule: bench.AtMost, What: "a 503, from request to answer"},
	}, nil
}

// introduce lets every sender of a channel write once, so that all are known.
func (l *lab) introduce(ctx context.Context, c channel, senders int64) error {
	body := inboundBody(c.number, senders)
	w, err := dial(l.address)
	if err != nil {
		return err
	}
	defer func() { _ = w.conn.Close() }()
	for n := range senders {
		status, err := w.exchange(webhookHead(l.address, c), body(nil, n))
		if err != nil {
			return err
		}
		if status != 200 {
			return fmt.Errorf("a webhook is answered with %d", status)
		}
	}
	return ctx.Err()
}

// durability tells how durable a commit is here.
func (l *lab) durability(ctx context.Context) (string, error) {
	var commit, fsync string
	if err := l.admin.QueryRow(ctx, `SELECT current_setting('synchronous_commit'), current_setting('fsync')`).Scan(&commit, &fsync); err != nil {
		return "", err
	}
	if commit != "on" || fsync != "on" {
		return "", fmt.Errorf("commits are not durable here: synchronous_commit=%s, fsync=%s", commit, fsync)
	}
	return "synchronous_commit=on, fsync=on", nil
}

// costs is processor time, apart for each side.
type costs struct {
	server, database, load time.Duration
	messages               int64
}

func (l *lab) meter() costs {
	return costs{server: cpuOf(l.serving.pid()), database: cpuOfTree(l.databasePID()), load: ownCPU()}
}

func (c costs) since(l *lab) costs {
	now := l.meter()
	return costs{server: now.server - c.server, database: now.database - c.database, load: now.load - c.load}
}

func (c costs) add(more costs, messages int64) costs {
	return costs{
		server: c.server + more.server, database: c.database + more.database, load: c.load + more.load, messages: c.messages + messages,
	}
}
