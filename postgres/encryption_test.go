package postgres_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
	"github.com/flomastr/flomastr/secret"
)

// safe is two tenants with a channel each, whose credentials are sealed.
type safe struct {
	*ledger
	keys  *postgres.KeyStore
	vault *secret.Vault
	b     flomastr.TenantID
	of    map[flomastr.TenantID]flomastr.ChannelID
}

func openSafe(t *testing.T) *safe {
	t.Helper()
	s := &safe{ledger: openLedger(t), of: map[flomastr.TenantID]flomastr.ChannelID{}}
	s.b = postgrestest.Tenant(t, s.db)
	s.keys = postgres.NewKeyStore(s.db)
	s.vault = secret.NewVault(s.cfg.Master, s.keys)
	for i, tenant := range []flomastr.TenantID{s.tenant, s.b} {
		s.of[tenant] = flomastr.NewID[flomastr.ChannelID]()
		s.store(t, s.vault, tenant, "SECRT-"+string(rune('A'+i)))
	}
	return s
}

type sealer interface {
	Seal(tenant, table, column string, plaintext []byte) ([]byte, error)
	Open(tenant, table, column string, sealed []byte) ([]byte, error)
}

func (s *safe) place(tenant flomastr.TenantID) string {
	return "sealed_credentials/" + s.of[tenant].String()
}

func (s *safe) store(t *testing.T, with sealer, tenant flomastr.TenantID, plain string) {
	t.Helper()
	sealed, err := with.Seal(tenant.String(), "channels", s.place(tenant), []byte(plain))
	require.NoError(t, err)
	s.put(t, tenant, sealed)
}

func (s *safe) put(t *testing.T, tenant flomastr.TenantID, sealed []byte) {
	t.Helper()
	_, err := s.root.Exec(t.Context(), `
		INSERT INTO channels (tenant_id, id, provider, number, sealed_credentials)
		VALUES ($1, $2, 'infobip', (10000000 + floor(random() * 80000000)::int)::text, $3)
		ON CONFLICT (tenant_id, id) DO UPDATE SET sealed_credentials = $3`, tenant, s.of[tenant], sealed)
	require.NoError(t, err)
}

func (s *safe) sealed(t *testing.T, tenant flomastr.TenantID) (sealed []byte) {
	t.Helper()
	require.NoError(t, s.root.QueryRow(t.Context(), `SELECT sealed_credentials FROM channels WHERE tenant_id = $1 AND id = $2`, tenant, s.of[tenant]).Scan(&sealed))
	return sealed
}

func (s *safe) read(t *testing.T, with sealer, tenant flomastr.TenantID) (string, error) {
	t.Helper()
	plain, err := with.Open(tenant.String(), "channels", s.place(tenant), s.sealed(t, tenant))
	return string(plain), err
}

func TestEverySealedColumnIsRotated(t *testing.T) {
	t.Parallel()
	rows, err := adminConn(t).Query(t.Context(), `
		SELECT c.table_name || '.' || c.column_name
		FROM information_schema.columns c
		WHERE c.table_schema = 'public' AND c.column_name LIKE 'sealed%'
		ORDER BY 1`)
	require.NoError(t, err)
	there, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.ElementsMatch(t, there, postgres.SealedColumns(), "put the column into sealedColumns: what it holds would be lost when a key is replaced")
}

func TestCopiedCiphertextDoesNotOpenElsewhere(t *testing.T) {
	t.Parallel()
	s := openSafe(t)
	// Another's value in one's own row, under one's own and under the other's key.
	s.put(t, s.tenant, s.sealed(t, s.b))
	_, err := s.read(t, s.vault, s.tenant)
	require.ErrorIs(t, err, secret.ErrKeyGone, "the other's key is not this tenant's")
	_, err = s.root.Exec(t.Context(), `INSERT INTO encryption_keys (tenant_id, id, wrapped, retired_at) SELECT $1, id, wrapped, now() FROM encryption_keys WHERE tenant_id = $2`, s.tenant, s.b)
	require.NoError(t, err)
	_, err = s.read(t, secret.NewVault(s.cfg.Master, s.keys), s.tenant)
	require.ErrorIs(t, err, secret.ErrSealBroken, "not even with the key copied as well")
	// Another row of the same tenant.
	mine := s.sealed(t, s.b)
	s.of[s.b] = flomastr.NewID[flomastr.ChannelID]()
	s.put(t, s.b, mine)
	_, err = s.read(t, s.vault, s.b)
	require.ErrorIs(t, err, secret.ErrSealBroken)
}

func TestKeysAreReplacedWhileServersRun(t *testing.T) {
	t.Parallel()
	s := openSafe(t)
	ctx := t.Context()
	second := secret.Generate()
	parse := func(encoded string) *secret.Keyring {
		keys, err := secret.Parse(encoded)
		require.NoError(t, err)
		return keys
	}
	first := postgrestest.MasterKey()
	both, swapped, only := parse(first+","+second), parse(second+","+first), parse(second)
	// What the master key itself sealed before there were data keys, in the place of that time.
	old, err := s.cfg.Master.Seal(s.b.String(), "channels", "sealed_credentials", []byte("SECRT-B"))
	require.NoError(t, err)
	s.put(t, s.b, old)
	all := func(when string, vaults ...*secret.Vault) {
		for i, vault := range vaults {
			a, err := s.read(t, vault, s.tenant)
			require.NoError(t, err, "%s, server %d", when, i)
			b, err := s.read(t, vault, s.b)
			require.NoError(t, err, "%s, server %d", when, i)
			require.Equal(t, "SECRT-A SECRT-B", a+" "+b)
		}
	}
	running, other := secret.NewVault(both, s.keys), secret.NewVault(both, s.keys)
	s.store(t, running, s.tenant, "SECRT-A")
	all("before", running, other)

	rotating := secret.NewVault(swapped, s.keys)
	for _, owner := range []flomastr.TenantID{s.tenant, s.b, {}} {
		_, err := s.keys.Rewrap(ctx, owner, swapped)
		require.NoError(t, err)
		if owner == s.tenant {
			made, err := rotating.Make(owner.String())
			require.NoError(t, err)
			require.NoError(t, s.keys.Replace(ctx, owner, made))
		}
		_, err = s.keys.Reseal(ctx, owner, rotating)
		require.NoError(t, err)
		all("in the middle", running, other, rotating)
	}
	// A server that has not noticed goes on sealing with the retired key, and all can read it.
	s.store(t, running, s.tenant, "SECRT-A")
	all("late write", running, other, rotating)
	n, err := s.keys.DropUnused(ctx, s.tenant)
	require.NoError(t, err)
	require.Zero(t, n, "a key that was retired just now may still be sealing")
	_, err = s.root.Exec(ctx, `UPDATE encryption_keys SET retired_at = retired_at - interval '2 hours' WHERE retired_at IS NOT NULL`)
	require.NoError(t, err)
	n, err = s.keys.DropUnused(ctx, s.tenant)
	require.NoError(t, err)
	require.Zero(t, n, "it is in use")
	_, err = s.keys.Reseal(ctx, s.tenant, rotating)
	require.NoError(t, err)
	n, err = s.keys.DropUnused(ctx, s.tenant)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)

	// The first key is removed, and the servers restart one after the other.
	all("after", secret.NewVault(only, s.keys), rotating)
	for _, owner := range []flomastr.TenantID{s.tenant, s.b, {}} {
		status, err := s.keys.Status(ctx, owner, only)
		require.NoError(t, err)
		for _, key := range status {
			require.True(t, key.Current && !key.Retired, "%+v", key)
		}
	}
	// The logs' key came along: the chain is whole, and goes on.
	s.write(t, s.tenant, 1)
	cfg := s.cfg
	cfg.Master = only
	again, err := postgres.Open(ctx, cfg)
	require.NoError(t, err)
	t.Cleanup(again.Close)
	require.NoError(t, postgres.NewAuditStore(again).Record(ctx, audit.Record{Tenant: s.tenant, Actor: "system", Action: "after.rotation"}))
	verdict, err := postgres.NewAuditStore(again).Verify(ctx, s.tenant)
	require.NoError(t, err)
	require.Nil(t, verdict.Break)
}

func TestDestroyedKeysDestroyTheSecrets(t *testing.T) {
	t.Parallel()
	s := openSafe(t)
	require.NoError(t, s.db.InTenant(t.Context(), s.tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `DELETE FROM encryption_keys`)
		return err
	}))
	_, err := s.read(t, secret.NewVault(s.cfg.Master, s.keys), s.tenant)
	require.ErrorIs(t, err, secret.ErrKeyGone)
	plain, err := s.read(t, secret.NewVault(s.cfg.Master, s.keys), s.b)
	require.NoError(t, err)
	require.Equal(t, "SECRT-B", plain)
}

func TestServersThatSealFirstAtOnceUseOneKey(t *testing.T) {
	t.Parallel()
	s := openSafe(t)
	tenant := postgrestest.Tenant(t, s.db)
	ids := make(chan secret.KeyID, 6)
	for range cap(ids) {
		go func() {
			sealed, err := secret.NewVault(s.cfg.Master, s.keys).Seal(tenant.String(), "t", "c/1", []byte("x"))
			if err != nil {
				t.Error(err)
			}
			id, _ := secret.SealedBy(sealed)
			ids <- id
		}()
	}
	first := <-ids
	for range cap(ids) - 1 {
		require.Equal(t, first, <-ids)
	}
}

func TestDatabaseHoldsNoPlaintextOfASecret(t *testing.T) {
	t.Parallel()
	s := openSafe(t)
	rows, err := s.root.Query(t.Context(), `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`)
	require.NoError(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	raw, err := base64.StdEncoding.DecodeString(postgrestest.MasterKey())
	require.NoError(t, err)
	for _, table := range tables {
		var leaks int
		require.NoError(t, s.root.QueryRow(t.Context(), `
			SELECT count(*)
			FROM `+pgx.Identifier{table}.Sanitize()+` r
			WHERE r::text LIKE '%SECRT-%' OR r::text LIKE '%' || encode('SECRT-', 'hex') || '%' OR r::text LIKE '%' || encode($1::bytea, 'hex') || '%'`, raw).Scan(&leaks))
		require.Zero(t, leaks, table)
	}
}

func TestChangedMasterKeyConnectsAgain(t *testing.T) {
	t.Parallel()
	s := openSafe(t)
	// As if this tenant's cold login had been made under an earlier master key.
	_, err := s.root.Exec(t.Context(), `ALTER ROLE `+pgx.Identifier{fmt.Sprintf("flomastr_cold_%x", s.tenant[:])}.Sanitize()+` PASSWORD 'the earlier one'`)
	require.NoError(t, err)
	require.NoError(t, s.db.InCold(context.Background(), s.tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `SELECT 1`)
		return err
	}))
}
