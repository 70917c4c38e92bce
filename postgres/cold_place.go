package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/flomastr/flomastr"
)

// The hot database's own server: as placements name it, and as people do.
const (
	hotServer = ""
	hotTitle  = "hot"
)

// ErrColdMoving says that a tenant's cold database is on its way to another server.
var ErrColdMoving = flomastr.Errorf(flomastr.Unavailable, "cold_moving",
	"This workspace's knowledge and archive are being moved to another database server. Questions are answered; changes wait until it is done. Try again in a moment.")

// ErrColdServerUnknown says that a tenant's cold database lies where this process cannot go.
var ErrColdServerUnknown = flomastr.Errorf(flomastr.Unavailable, "cold_server_unknown",
	"This workspace's knowledge lies on a database server that FLOMASTR_COLD_SERVERS does not name here; an operator has to add it.")

// parseColdServers gives the administrators' connections by name, the hot server's among them.
func parseColdServers(admin *pgx.ConnConfig, urls map[string]string) (map[string]*pgx.ConnConfig, error) {
	servers := map[string]*pgx.ConnConfig{hotServer: admin}
	for name, url := range urls {
		cfg, err := pgx.ParseConfig(url)
		if err != nil || name == hotServer || name == hotTitle {
			// The parser's complaint may quote the password.
			return nil, flomastr.Errorf(flomastr.Invalid, "cold_servers", "FLOMASTR_COLD_SERVERS: the address of "+name+" is not a PostgreSQL address.")
		}
		cfg.ConnectTimeout = 5 * time.Second
		servers[name] = cfg
	}
	return servers, nil
}

// serverNames lists the servers that cold databases may lie on, the hot one first.
func (db *DB) serverNames() []string { return slices.Sorted(maps.Keys(db.servers)) }

// serverTitle is what people call a server.
func serverTitle(server string) string {
	if server == hotServer {
		return hotTitle
	}
	return server
}

// coldServer gives the administrator's connection to a server, in a database of it.
func (db *DB) coldServer(server, database string) (*pgx.ConnConfig, error) {
	cfg, ok := db.servers[server]
	if !ok {
		return nil, ErrColdServerUnknown.Because(fmt.Errorf("server %q", server))
	}
	cfg = cfg.Copy()
	if database != "" {
		cfg.Database = database
	}
	return cfg, nil
}

// connectCold connects to a server as its administrator, to a database of it or, with "", to the one that its address names.
func (db *DB) connectCold(ctx context.Context, server, database string) (*pgx.Conn, error) {
	cfg, err := db.coldServer(server, database)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, Unavailable("connect to "+serverTitle(server)+" as administrator", err)
	}
	return conn, nil
}

// placement reads on which server a tenant's cold database lies. A tenant that is not there any more has none; where it was
// nothing opens.
func (db *DB) placement(ctx context.Context, tenant flomastr.TenantID) (server string, err error) {
	err = db.InPlatform(ctx, func(tx pgx.Tx) error {
		server, err = placementIn(ctx, tx, tenant)
		return err
	})
	return server, err
}

type rowQuerier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func placementIn(ctx context.Context, q rowQuerier, tenant flomastr.TenantID) (server string, err error) {
	err = q.QueryRow(ctx, `SELECT cold_db_ref FROM tenants WHERE id = $1`, tenant).Scan(&server)
	if errors.Is(err, pgx.ErrNoRows) {
		return hotServer, nil
	}
	if err != nil {
		return "", Unavailable("read where the cold database lies", err)
	}
	return server, nil
}

// heldPlacement is the right to say where a tenant's cold database lies, and who may write to it. One holds it at a time.
// The lock is its session's: what has lost the session can no longer commit a placement over it.
type heldPlacement struct {
	conn   *pgx.Conn // the platform's login, in the hot database
	tenant flomastr.TenantID
	server string // where the database lies
}

// placementPatience is how long those who want a placement for a moment wait for one another.
const placementPatience = 10 * time.Second

// holdPlacement takes the right, waiting a while for whoever has it; ErrColdMoving after that.
func (db *DB) holdPlacement(ctx context.Context, tenant flomastr.TenantID, patience time.Duration) (_ *heldPlacement, err error) {
	own := db.admin.Copy() // a pooler would hand the session to others
	own.User, own.Password = platformRole, rolePassword(db.key, platformRole)
	own.RuntimeParams["application_name"] = "flomastr_placement"
	conn, err := pgx.ConnectConfig(ctx, own)
	if err != nil {
		return nil, Unavailable("connect to hold a placement", err)
	}
	h := &heldPlacement{conn: conn, tenant: tenant}
	defer func() {
		if err != nil {
			h.giveUp(ctx)
		}
	}()
	if _, err := conn.Exec(ctx, fmt.Sprintf("SET idle_session_timeout = 0; SET lock_timeout = %d", max(patience.Milliseconds(), 1))); err != nil {
		return nil, Unavailable("hold a placement", err)
	}
	_, err = conn.Exec(ctx, `SELECT pg_advisory_lock(hashtextextended('cold placement ' || $1::text, 0))`, tenant.String())
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == "55P03" { // lock_not_available
		return nil, ErrColdMoving
	}
	if err != nil {
		return nil, Unavailable("hold a placement", err)
	}
	if _, err := conn.Exec(ctx, "SET lock_timeout = 0"); err != nil {
		return nil, Unavailable("hold a placement", err)
	}
	h.server, err = placementIn(ctx, conn, tenant)
	return h, err
}

// holdPlacementOn holds a placement that must still be the given one.
func (db *DB) holdPlacementOn(ctx context.Context, tenant flomastr.TenantID, server string) (*heldPlacement, error) {
	h, err := db.holdPlacement(ctx, tenant, placementPatience)
	if err != nil {
		return nil, err
	}
	if h.server != server {
		h.giveUp(ctx)
		return nil, ErrColdMoving
	}
	return h, nil
}

func (h *heldPlacement) giveUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = h.conn.Close(ctx)
}

// knowColdServers refuses to erase a tenant while this process cannot go where a database of it lies: with its rows goes the
// knowledge of where that is.
func (db *DB) knowColdServers(ctx context.Context, tx pgx.Tx, tenant flomastr.TenantID) error {
	rows, err := tx.Query(ctx, `
		SELECT cold_db_ref FROM tenants WHERE id = $1
		UNION
		SELECT server FROM cold_copies WHERE tenant_id = $1`, tenant)
	if err != nil {
		return fmt.Errorf("read where cold databases lie: %w", err)
	}
	servers, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("read where cold databases lie: %w", err)
	}
	for _, server := range servers {
		if _, err := db.coldServer(server, ""); err != nil {
			return err
		}
	}
	return nil
}
