package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr/mail"
)

// MailStore keeps the mails of an installation without a mail server.
type MailStore struct{ db *DB }

// NewMailStore makes the store.
func NewMailStore(db *DB) *MailStore { return &MailStore{db} }

var _ mail.KeepStore = (*MailStore)(nil)

// Keep keeps one mail.
func (s *MailStore) Keep(ctx context.Context, kept mail.Kept) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO kept_mails (id, about, kind, recipient, sealed)
			VALUES ($1, $2, $3, $4, $5)`, kept.ID, kept.Tenant, string(kept.Kind), kept.To, kept.Sealed)
		if err != nil {
			return fmt.Errorf("keep a mail: %w", err)
		}
		return nil
	})
}

// KeptMails lists what is kept, newest first, without the contents.
func (s *MailStore) KeptMails(ctx context.Context, before mail.ID, limit int) ([]mail.Kept, error) {
	return s.mails(ctx, `
		SELECT id, about AS tenant, kind, recipient AS "to", at, NULL::bytea AS sealed
		FROM kept_mails
		WHERE $1::uuid IS NULL OR id < $1
		ORDER BY id DESC
		LIMIT $2`, before, limit)
}

// KeptMail finds one.
func (s *MailStore) KeptMail(ctx context.Context, id mail.ID) (mail.Kept, error) {
	found, err := s.mails(ctx, `
		SELECT id, about AS tenant, kind, recipient AS "to", at, sealed
		FROM kept_mails
		WHERE id = $1`, id)
	if err == nil && len(found) == 0 {
		err = mail.ErrNoMail
	}
	if err != nil {
		return mail.Kept{}, err
	}
	return found[0], nil
}

func (s *MailStore) mails(ctx context.Context, sql string, args ...any) ([]mail.Kept, error) {
	var page []mail.Kept
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sql, args...)
		if err != nil {
			return fmt.Errorf("read kept mails: %w", err)
		}
		if page, err = pgx.CollectRows(rows, pgx.RowToStructByName[mail.Kept]); err != nil {
			return fmt.Errorf("read kept mails: %w", err)
		}
		return nil
	})
	return page, err
}

// Sweep forgets what was kept for a week. It is background work.
func (s *MailStore) Sweep(ctx context.Context) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM kept_mails WHERE at < now() - interval '7 days'`); err != nil {
			return fmt.Errorf("sweep kept mails: %w", err)
		}
		return nil
	})
}
