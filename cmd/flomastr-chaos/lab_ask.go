package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// rows reads the only column as text, on a connection that may have to be made again. It is the administrator's, who sees all
// tenants.
func (l *lab) rows(ctx context.Context, sql string, args ...any) ([]string, error) {
	if l.admin == nil || l.admin.IsClosed() {
		conn, err := pgx.Connect(ctx, l.cluster.DSN("postgres", "postgres", ""))
		if err != nil {
			return nil, err
		}
		l.admin = conn
	}
	rows, err := l.admin.Query(ctx, `SELECT x::text FROM (`+sql+`) AS t (x)`, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// number reads one number, and -1 while the database does not answer.
func (l *lab) number(ctx context.Context, sql string, args ...any) int {
	rows, err := l.rows(ctx, sql, args...)
	if err != nil || len(rows) != 1 {
		return -1
	}
	n := -1
	_, _ = fmt.Sscan(rows[0], &n)
	return n
}

// done counts the turns that came to an end.
func (l *lab) done(ctx context.Context) int {
	return l.number(ctx, `SELECT count(*) FROM jobs WHERE state IN ('completed', 'failed')`)
}

// finished tells whether all the messages are in turns that came to an end.
func (l *lab) finished(ctx context.Context, ids []string) bool {
	return l.number(ctx, `
		SELECT count(DISTINCT m.provider_message_id) FROM messages m JOIN jobs j ON j.tenant_id = m.tenant_id AND j.id = m.job_id
		WHERE m.provider_message_id = ANY ($1) AND j.state IN ('completed', 'failed')`, ids) == len(ids)
}

// accepted is one line of the provider's ledger.
type accepted struct {
	From      string    `json:"from"`
	To        string    `json:"to"`
	MessageID string    `json:"message_id"`
	At        time.Time `json:"at"`
}

// ledger reads what the provider took, in its order.
func (l *lab) ledger(ctx context.Context) (taken []accepted, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.direct+"/ledger", nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	return taken, json.NewDecoder(answer.Body).Decode(&taken)
}

// fault lets the stand-in misbehave.
func (l *lab) fault(ctx context.Context, f fault) error {
	return l.control(ctx, http.MethodPost, "/control/faults", f)
}

// forgive ends the stand-in's misbehaviour.
func (l *lab) forgive(ctx context.Context) error {
	return l.control(ctx, http.MethodDelete, "/control/faults", nil)
}

// deaths counts the servers that ended although nobody told them to.
func (l *lab) deaths() (n int64) {
	for _, s := range l.servers {
		n += s.deaths.Load()
	}
	return n
}

// logged tells whether a server of this run has logged something.
func (l *lab) logged(what string) bool {
	content, _ := os.ReadFile(l.log.Name())
	return strings.Contains(string(content[min(l.mark, int64(len(content))):]), what)
}
