package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/flomastr/flomastr/internal/bench"
)

const (
	apiContacts = 10_000
	apiMessages = 100_000
)

// api measures every GET of the app's pages in a business with 10,000 contacts and 100,000 messages, as a person who is
// signed in: each path thirty times, and the slowest path's p95 counts.
func (l *lab) api(ctx context.Context) ([]bench.Figure, error) {
	if err := l.open(ctx); err != nil {
		return nil, err
	}
	c, err := l.connect(ctx, "n8n")
	if err != nil {
		return nil, err
	}
	if err := l.crowded(ctx, c); err != nil {
		return nil, err
	}
	paths, err := l.pages(ctx)
	if err != nil {
		return nil, err
	}
	basis, err := measureBare(ctx)
	if err != nil {
		return nil, err
	}
	var worst bench.Figure
	var all []time.Duration
	for _, path := range paths {
		var took []time.Duration
		for range 30 {
			began := time.Now()
			if err := l.call(ctx, http.MethodGet, path, nil, nil); err != nil {
				return nil, err
			}
			took = append(took, time.Since(began))
		}
		all = append(all, took...)
		slices.Sort(took)
		if p95 := percentile(took, 95); p95 > worst.Value {
			worst = bench.Figure{
				Name: "api", Unit: "ms", Value: p95, Against: basis.p50, Reach: 50 * basis.stretch(), Rule: bench.AtMost,
				What: fmt.Sprintf("p95 of the slowest of %d GETs, %s, with %d messages of %d contacts", len(paths), path, apiMessages, apiContacts),
			}
		}
	}
	var sum time.Duration
	for _, t := range all {
		sum += t
	}
	return []bench.Figure{worst, {
		Name: "api.mean", Unit: "ms", Value: float64(sum.Milliseconds()) / float64(len(all)), Against: basis.p50, Reach: 500, Rule: bench.AtMost,
		What: "mean answer of the same; the ceiling is promised",
	}}, nil
}

// crowded writes the conversations of a business that has been at it for a while. They go into the tables directly: what
// is measured is reading them.
func (l *lab) crowded(ctx context.Context, c channel) error {
	_, err := l.admin.Exec(ctx, strings.NewReplacer("TENANT", "'"+l.demo.Tenants[0].ID+"'::uuid", "CHANNEL", "'"+c.id+"'::uuid",
		"CONTACTS", fmt.Sprint(apiContacts), "EACH", fmt.Sprint(apiMessages/apiContacts)).Replace(`
		CREATE TEMPORARY TABLE crowd AS
		SELECT n, gen_random_uuid() AS contact, gen_random_uuid() AS conversation FROM generate_series(1, CONTACTS) AS n;
		INSERT INTO contacts (tenant_id, id, name, phone) SELECT TENANT, contact, 'Guest ' || n, '+9719' || lpad(n::text, 8, '0') FROM crowd;
		INSERT INTO contact_identities (tenant_id, channel_id, kind, value, contact_id)
		SELECT TENANT, CHANNEL, 'phone', '9719' || lpad(n::text, 8, '0'), contact FROM crowd;
		INSERT INTO conversations (tenant_id, id, channel_id, contact_id, address, last_message_at, last_text)
		SELECT TENANT, conversation, CHANNEL, contact, '9719' || lpad(n::text, 8, '0'), now() - n * interval '1 second', 'See you then.' FROM crowd;
		INSERT INTO messages (tenant_id, id, created_at, conversation_id, direction, speaker, type, text, provider_at, state)
		SELECT TENANT, gen_random_uuid(), now() - n * interval '1 second', conversation, CASE i % 2 WHEN 0 THEN 'in' ELSE 'out' END,
		  CASE i % 2 WHEN 0 THEN 'contact' ELSE 'assistant' END, 'text', 'Message ' || i || ' of a talk about opening hours and prices.', now(),
		  CASE i % 2 WHEN 0 THEN 'received' ELSE 'read' END
		FROM crowd, generate_series(1, EACH) AS i;
		DROP TABLE crowd;
		ANALYZE`))
	return err
}

// pages are the paths that the app's pages ask for, with the newest conversation and the first item of knowledge in them.
func (l *lab) pages(ctx context.Context) ([]string, error) {
	slug := l.demo.Tenants[0].Slug
	var conversations struct{ Conversations []struct{ ID string } }
	var knowledge struct{ Entries []struct{ ID string } }
	list, index := "/routes/conversations?limit=50", "/routes/knowledge/"+slug+"/index"
	if err := l.call(ctx, http.MethodGet, list, nil, &conversations); err != nil {
		return nil, err
	}
	if err := l.call(ctx, http.MethodGet, index, nil, &knowledge); err != nil {
		return nil, err
	}
	if len(conversations.Conversations) == 0 || len(knowledge.Entries) == 0 {
		return nil, fmt.Errorf("the business has %d conversations and %d items", len(conversations.Conversations), len(knowledge.Entries))
	}
	talk, item := "/routes/conversations/"+conversations.Conversations[0].ID, index[:len(index)-len("index")]+"items/"+knowledge.Entries[0].ID
	return []string{
		list, list + "&search=Guest+99", list + "&status=open", talk, talk + "/messages",
		index, index + "?search=menu", item, item + "/chunks", item + "/versions",
		"/routes/tenants/" + slug, "/routes/tenants/" + slug + "/channels", "/routes/tenants/" + slug + "/api-tokens",
		"/routes/tenants/" + slug + "/policies", "/routes/me/role", "/routes/me/status", "/config.json",
	}, nil
}
