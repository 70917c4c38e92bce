package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/secret"
)

// sealedColumn is one column that holds sealed values. Each value is bound to its row: the place it was sealed for is
// the table, and the column with the row's key behind a slash.
type sealedColumn struct {
	table, column, key string
	ofTenant           bool
}

// sealedColumns are all of them. A test over the catalogue fails for a column named sealed_… that is missing here: its
// values would be lost when a key is replaced.
var sealedColumns = []sealedColumn{
	{"channels", "sealed_credentials", "id", true},
	{"channels", "sealed_webhook", "id", true},
	{"embedders", "sealed_key", "id", true},
	{"models", "sealed_key", "id", true},
	{"invitations", "sealed_token", "id", true},
	{"signing_keys", "sealed_private", "kid", false},
	{"second_factors", "sealed_secret", "account_id", false},
	{"kept_mails", "sealed", "id", false},
}

// SealedColumns names them as table.column, for that test.
func SealedColumns() (names []string) {
	for _, c := range sealedColumns {
		names = append(names, c.table+"."+c.column)
	}
	return names
}

// sealedOf are the columns that hold what a tenant sealed, or the platform.
func sealedOf(owner flomastr.TenantID) (list []sealedColumn) {
	for _, c := range sealedColumns {
		if c.ofTenant != owner.IsZero() {
			list = append(list, c)
		}
	}
	return list
}

// where picks the owner's rows; $1 is the owner.
func (c sealedColumn) where() string {
	if c.ofTenant {
		return c.table + ` WHERE tenant_id = $1`
	}
	return c.table + ` WHERE $1::uuid IS NULL`
}

// countSealed counts the sealed values that are there by the key that sealed them.
func countSealed(ctx context.Context, tx pgx.Tx, owner flomastr.TenantID) (map[secret.KeyID]int, error) {
	uses := map[secret.KeyID]int{}
	for _, c := range sealedOf(owner) {
		rows, err := tx.Query(ctx, `SELECT substring(`+c.column+` FROM 1 FOR 17), count(*) FROM `+c.where()+` AND `+c.column+` IS NOT NULL GROUP BY 1`, owner)
		if err != nil {
			return nil, fmt.Errorf("count sealed values of %s: %w", c.table, err)
		}
		var prefix []byte
		var n int
		_, err = pgx.ForEachRow(rows, []any{&prefix, &n}, func() error {
			id, _ := secret.SealedBy(prefix)
			uses[id] += n
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("count sealed values of %s: %w", c.table, err)
		}
	}
	return uses, nil
}

type sealedValue struct {
	Key    string
	Sealed []byte
}

// resealBatch is how many values are read at once.
const resealBatch = 200

// Reseal seals with the current key whatever another key has sealed, a few values at a time while servers go on. A
// value that somebody changes meanwhile is left to them. It tells how many it sealed.
func (s *KeyStore) Reseal(ctx context.Context, owner flomastr.TenantID, vault *secret.Vault) (n int, err error) {
	name := owner.String()
	if owner.IsZero() {
		name = ""
	}
	current, err := s.CurrentKey(ctx, name, func() (secret.WrappedKey, error) { return vault.Make(name) })
	if err != nil {
		return 0, err
	}
	vault.Forget(name)
	for _, c := range sealedOf(owner) {
		for after := ""; ; {
			batch, err := s.sealedByOthers(ctx, owner, c, current.ID, after)
			if err != nil {
				return n, err
			}
			if len(batch) == 0 {
				break
			}
			for _, value := range batch {
				done, err := s.resealOne(ctx, owner, c, name, value, vault)
				if err != nil {
					return n, fmt.Errorf("seal %s.%s of %s again: %w", c.table, c.column, value.Key, err)
				}
				n += done
			}
			after = batch[len(batch)-1].Key
		}
	}
	return n, nil
}

func (s *KeyStore) sealedByOthers(ctx context.Context, owner flomastr.TenantID, c sealedColumn, current secret.KeyID, after string) (batch []sealedValue, err error) {
	err = s.in(ctx, owner, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+c.key+`::text AS key, `+c.column+` AS sealed
			FROM `+c.where()+` AND substring(`+c.column+` FROM 1 FOR 17) <> $2 AND `+c.key+`::text COLLATE "C" > $3
			ORDER BY `+c.key+`::text COLLATE "C"
			LIMIT $4`, owner, secret.Prefix(current), after, resealBatch)
		if err != nil {
			return fmt.Errorf("list sealed values of %s: %w", c.table, err)
		}
		batch, err = pgx.CollectRows(rows, pgx.RowToStructByName[sealedValue])
		return err
	})
	return batch, err
}

func (s *KeyStore) resealOne(ctx context.Context, owner flomastr.TenantID, c sealedColumn, name string, value sealedValue, vault *secret.Vault) (int, error) {
	plain, err := vault.Open(name, c.table, c.column+"/"+value.Key, value.Sealed)
	if err != nil {
		return 0, err
	}
	again, err := vault.Seal(name, c.table, c.column+"/"+value.Key, plain)
	if err != nil {
		return 0, err
	}
	done := 0
	err = s.in(ctx, owner, func(tx pgx.Tx) error {
		update := `UPDATE ` + c.table + ` SET ` + c.column + ` = $2 WHERE ` + c.key + `::text = $3 AND ` + c.column + ` = $4`
		if c.ofTenant {
			update += ` AND tenant_id = $1`
		} else {
			update += ` AND $1::uuid IS NULL`
		}
		tag, err := tx.Exec(ctx, update, owner, again, value.Key, value.Sealed)
		done = int(tag.RowsAffected())
		return err
	})
	return done, err
}
