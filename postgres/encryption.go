package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/secret"
)

// KeyStore keeps the data keys that a [secret.Vault] seals with, wrapped, and replaces them while servers run.
type KeyStore struct{ db *DB }

// NewKeyStore makes the store.
func NewKeyStore(db *DB) *KeyStore { return &KeyStore{db: db} }

var _ secret.KeyStore = (*KeyStore)(nil)

// keyTable is where the keys of a tenant are, or of the platform, and which of the rows are data keys; $1 is the tenant.
func keyTable(tenant flomastr.TenantID) string {
	if tenant.IsZero() {
		return `platform_encryption_keys WHERE purpose = 'data' AND $1::uuid IS NULL`
	}
	return `encryption_keys WHERE tenant_id = $1`
}

// in runs fn where the keys of a tenant are, or of the platform.
func (s *KeyStore) in(ctx context.Context, tenant flomastr.TenantID, fn func(tx pgx.Tx) error) error {
	if tenant.IsZero() {
		return s.db.InPlatform(ctx, fn)
	}
	return s.db.InTenant(ctx, tenant, fn)
}

// keyOwner reads the name that a seal gives to whose value it is: an id, or "" for the platform.
func keyOwner(tenant string) (id flomastr.TenantID, err error) {
	if tenant == "" {
		return id, nil
	}
	return flomastr.ParseID[flomastr.TenantID](tenant)
}

// CurrentKey implements [secret.KeyStore].
func (s *KeyStore) CurrentKey(ctx context.Context, tenant string, made func() (secret.WrappedKey, error)) (key secret.WrappedKey, err error) {
	owner, err := keyOwner(tenant)
	if err != nil {
		return key, err
	}
	read := func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT id, wrapped FROM `+keyTable(owner)+` AND retired_at IS NULL`, owner).Scan(&key.ID, &key.Wrapped)
	}
	if err = s.in(ctx, owner, read); !errors.Is(err, pgx.ErrNoRows) {
		return key, err
	}
	fresh, err := made()
	if err != nil {
		return key, err
	}
	err = s.in(ctx, owner, func(tx pgx.Tx) error {
		if err := insertKey(ctx, tx, owner, fresh); err != nil {
			return err
		}
		return read(tx) // another server may have been first
	})
	return key, err
}

func insertKey(ctx context.Context, tx pgx.Tx, owner flomastr.TenantID, key secret.WrappedKey) error {
	sql, args := `
		INSERT INTO encryption_keys (id, wrapped, tenant_id)
		VALUES ($1, $2, $3)
		ON CONFLICT DO NOTHING`, []any{key.ID, key.Wrapped, owner}
	if owner.IsZero() {
		sql, args = `
		INSERT INTO platform_encryption_keys (id, wrapped, purpose)
		VALUES ($1, $2, 'data')
		ON CONFLICT DO NOTHING`, args[:2]
	}
	if _, err := tx.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("keep data key: %w", err)
	}
	return nil
}

// DataKey implements [secret.KeyStore].
func (s *KeyStore) DataKey(ctx context.Context, tenant string, id secret.KeyID) (secret.WrappedKey, error) {
	key := secret.WrappedKey{ID: id}
	owner, err := keyOwner(tenant)
	if err != nil {
		return key, err
	}
	err = s.in(ctx, owner, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT wrapped FROM `+keyTable(owner)+` AND id = $2`, owner, id).Scan(&key.Wrapped)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return key, secret.ErrKeyGone
	}
	return key, err
}

// Replace makes a key the one that seals, in place of the one that did.
func (s *KeyStore) Replace(ctx context.Context, owner flomastr.TenantID, made secret.WrappedKey) error {
	return s.in(ctx, owner, func(tx pgx.Tx) error {
		update := `UPDATE encryption_keys SET retired_at = now() WHERE tenant_id = $1 AND retired_at IS NULL`
		if owner.IsZero() {
			update = `UPDATE platform_encryption_keys SET retired_at = now() WHERE purpose = 'data' AND $1::uuid IS NULL AND retired_at IS NULL`
		}
		if _, err := tx.Exec(ctx, update, owner); err != nil {
			return fmt.Errorf("retire data key: %w", err)
		}
		return insertKey(ctx, tx, owner, made)
	})
}

// Rewrap wraps the keys that another than the first master key has wrapped. It tells how many.
func (s *KeyStore) Rewrap(ctx context.Context, owner flomastr.TenantID, master *secret.Keyring) (n int, err error) {
	err = s.in(ctx, owner, func(tx pgx.Tx) error {
		// The platform's table also holds the key of the audit log.
		table, name := `encryption_keys WHERE tenant_id = $1`, owner.String()
		if owner.IsZero() {
			table, name = `platform_encryption_keys WHERE $1::uuid IS NULL`, ""
		}
		rows, err := tx.Query(ctx, `SELECT id, wrapped FROM `+table+` ORDER BY id FOR UPDATE`, owner)
		if err != nil {
			return fmt.Errorf("list keys: %w", err)
		}
		keys, err := pgx.CollectRows(rows, pgx.RowToStructByName[secret.WrappedKey])
		if err != nil {
			return fmt.Errorf("list keys: %w", err)
		}
		for _, key := range keys {
			if master.Current(key.Wrapped) {
				continue
			}
			again, err := rewrapped(master, name, key)
			if err != nil {
				return fmt.Errorf("wrap key %s again: %w", key.ID, err)
			}
			update := `UPDATE encryption_keys SET wrapped = $2 WHERE id = $1 AND tenant_id = $3`
			args := []any{key.ID, again, owner}
			if owner.IsZero() {
				update, args = `UPDATE platform_encryption_keys SET wrapped = $2 WHERE id = $1`, args[:2]
			}
			if _, err := tx.Exec(ctx, update, args...); err != nil {
				return fmt.Errorf("wrap key %s again: %w", key.ID, err)
			}
			n++
		}
		return nil
	})
	return n, err
}

// rewrapped opens a key in the place that it was sealed for: its own, or that of the audit log's key.
func rewrapped(master *secret.Keyring, owner string, key secret.WrappedKey) ([]byte, error) {
	table, column := "encryption_keys", "wrapped/"+key.ID.String()
	raw, err := master.Open(owner, table, column, key.Wrapped)
	if errors.Is(err, secret.ErrSealBroken) && owner == "" {
		table, column = "platform_encryption_keys", auditKeyPlace
		raw, err = master.Open(owner, table, column, key.Wrapped)
	}
	if err != nil {
		return nil, err
	}
	return master.Seal(owner, table, column, raw)
}

// KeyStatus is one data key, and how many values it has sealed that are there.
type KeyStatus struct {
	ID      secret.KeyID // zero for what a master key sealed itself
	Retired bool
	Current bool // wrapped by the first master key
	Values  int
}

// Status lists the data keys of a tenant, or of the platform, oldest first, and last what no data key sealed.
func (s *KeyStore) Status(ctx context.Context, owner flomastr.TenantID, master *secret.Keyring) (list []KeyStatus, err error) {
	err = s.in(ctx, owner, func(tx pgx.Tx) error {
		uses, err := countSealed(ctx, tx, owner)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT id, wrapped, retired_at IS NOT NULL FROM `+keyTable(owner)+` ORDER BY id`, owner)
		if err != nil {
			return fmt.Errorf("list keys: %w", err)
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (k KeyStatus, err error) {
			var wrapped []byte
			err = row.Scan(&k.ID, &wrapped, &k.Retired)
			k.Current, k.Values = master.Current(wrapped), uses[k.ID]
			return k, err
		})
		if older := uses[secret.KeyID{}]; older > 0 {
			list = append(list, KeyStatus{Retired: true, Values: older})
		}
		return err
	})
	return list, err
}

// DropUnused destroys keys that were retired at least an hour ago, long after the last server sealed with them, and
// that sealed nothing that is still there.
func (s *KeyStore) DropUnused(ctx context.Context, owner flomastr.TenantID) (n int64, err error) {
	err = s.in(ctx, owner, func(tx pgx.Tx) error {
		uses, err := countSealed(ctx, tx, owner)
		if err != nil {
			return err
		}
		used := []secret.KeyID{}
		for id := range uses {
			used = append(used, id)
		}
		tag, err := tx.Exec(ctx, `DELETE FROM `+keyTable(owner)+` AND retired_at < now() - interval '1 hour' AND id <> ALL ($2)`, owner, used)
		if err != nil {
			return fmt.Errorf("destroy unused keys: %w", err)
		}
		n = tag.RowsAffected()
		return nil
	})
	return n, err
}
