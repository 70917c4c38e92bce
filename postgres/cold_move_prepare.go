package postgres

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
)

const (
	// indexPatience is how long a move waits for an index of vectors that is just being built.
	indexPatience = 15 * time.Minute
	// unfinishedKept is how long what a move began and did not finish stays, for the case that nobody runs it again.
	unfinishedKept = 24 * time.Hour
)

// prepare makes sure of both sides and makes an empty database on the new server. What an earlier attempt left there goes.
func (m *coldMove) prepare(ctx context.Context) (string, error) {
	var ready bool
	err := m.held.conn.QueryRow(ctx, `
		SELECT cold_ready
		FROM tenants
		WHERE id = $1 AND status NOT IN ('erasing', 'erased')`, m.Tenant).Scan(&ready)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !ready {
		return "", flomastr.Errorf(flomastr.Conflict, "no_cold_database", "This workspace has no database of its own that could be moved.")
	}
	if err != nil {
		return "", Unavailable("look at the tenant", err)
	}
	if err := m.db.apart(ctx, m.held.server, m.To); err != nil {
		return "", err
	}
	// It comes to this version, and its login gets back what a move that was killed may have taken from it.
	if err := m.db.settleCold(ctx, m.Tenant, m.held.server); err != nil {
		return "", err
	}
	if m.source, err = m.db.asOwnerOf(ctx, m.held.server, m.Tenant); err != nil {
		return "", err
	}
	// Nobody builds or drops an index of vectors meanwhile.
	if _, err := m.source.Exec(ctx, fmt.Sprintf("SET lock_timeout = %d", indexPatience.Milliseconds())); err != nil {
		return "", err
	}
	if _, err := m.source.Exec(ctx, `SELECT pg_advisory_lock($1)`, nearLock); err != nil {
		return "", fmt.Errorf("wait for an index of vectors that is being built: %w", err)
	}
	_, err = m.held.conn.Exec(ctx, `
		INSERT INTO cold_copies (tenant_id, server, drop_after)
		VALUES ($1, $2, now() + $3)
		ON CONFLICT (tenant_id, server) DO UPDATE
		SET made_at = now(), drop_after = excluded.drop_after`, m.Tenant, m.To, unfinishedKept)
	if err != nil {
		return "", Unavailable("note the copy", err)
	}
	if err := m.db.prepareServer(ctx, m.To); err != nil {
		return "", err
	}
	if err := m.db.dropCold(ctx, m.Tenant, m.To); err != nil {
		return "", err
	}
	if err := m.db.makeCold(ctx, m.Tenant, m.To); err != nil {
		return "", err
	}
	if m.target, err = m.db.asOwnerOf(ctx, m.To, m.Tenant); err != nil {
		return "", err
	}
	return "from " + serverTitle(m.held.server) + " to " + serverTitle(m.To), newEnough(ctx, m.source, m.target)
}

// apart refuses two names of one server, by a lock that is taken through the one and looked for through the other.
func (db *DB) apart(ctx context.Context, a, b string) error {
	here, err := db.connectCold(ctx, a, "")
	if err != nil {
		return err
	}
	defer func() { _ = here.Close(context.WithoutCancel(ctx)) }()
	there, err := db.connectCold(ctx, b, "")
	if err != nil {
		return err
	}
	defer func() { _ = there.Close(context.WithoutCancel(ctx)) }()
	var mark [8]byte
	_, _ = rand.Read(mark[:])
	first, second := binary.BigEndian.Uint32(mark[:4]), binary.BigEndian.Uint32(mark[4:])
	if _, err := here.Exec(ctx, `SELECT pg_advisory_lock($1, $2)`, int32(first), int32(second)); err != nil {
		return Unavailable("mark a server", err)
	}
	var same bool
	err = there.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = $1 AND objid::bigint = $2)`,
		int64(first), int64(second)).Scan(&same)
	if err != nil {
		return Unavailable("look for a mark", err)
	}
	if same {
		return ErrSameServer
	}
	return nil
}

// asOwnerOf connects as the owner of a tenant's database. Texts and numbers look alike on every server.
func (db *DB) asOwnerOf(ctx context.Context, server string, tenant flomastr.TenantID) (*pgx.Conn, error) {
	conn, err := db.connectCold(ctx, server, coldName(tenant))
	if err != nil {
		return nil, err
	}
	for _, sql := range []string{
		"SET ROLE " + ownerRole, "SET idle_in_transaction_session_timeout = 0", "SET idle_session_timeout = 0", "SET statement_timeout = 0", "SET work_mem = '64MB'",
		"SET application_name = 'flomastr_move'",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			_ = conn.Close(ctx)
			return nil, fmt.Errorf("connect to cold database: %w", err)
		}
	}
	return conn, nil
}

// newEnough refuses a server whose pgvector is older: it may not know what the other's vectors are asked by.
func newEnough(ctx context.Context, source, target *pgx.Conn) error {
	const version = `SELECT extversion FROM pg_extension WHERE extname = 'vector'`
	var has, wants string
	if err := source.QueryRow(ctx, version).Scan(&wants); err != nil {
		return fmt.Errorf("read the version of pgvector: %w", err)
	}
	if err := target.QueryRow(ctx, version).Scan(&has); err != nil {
		return fmt.Errorf("read the version of pgvector: %w", err)
	}
	var older bool
	if err := target.QueryRow(ctx, `SELECT string_to_array($1, '.')::integer[] < string_to_array($2, '.')::integer[]`, has, wants).Scan(&older); err != nil {
		return fmt.Errorf("compare the versions of pgvector: %w", err)
	}
	if older {
		return flomastr.Errorf(flomastr.Conflict, "pgvector_older", "The new server's pgvector is "+has+" and the old one's is "+wants+": update the extension there first.")
	}
	return nil
}
