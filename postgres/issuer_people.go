package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/identity"
)

var _ identity.IssuerStore = (*IdentityStore)(nil)

// foreignStanding refuses whom the issuer has disabled or signed out although the token is still good.
func foreignStanding(ctx context.Context, tx pgx.Tx, person identity.Caller) error {
	var out bool
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM issuer_people WHERE issuer = $1 AND subject = $2 AND disabled)
		    OR EXISTS (SELECT FROM issuer_ended_sessions WHERE issuer = $1 AND session = $3)`,
		person.Issuer, person.Subject, person.Session).Scan(&out)
	if err != nil {
		return fmt.Errorf("look up standing: %w", err)
	}
	if out {
		return identity.ErrBadToken.Because(errors.New("the issuer has disabled the person or ended the session"))
	}
	return nil
}

// Learn acts on what an issuer says, once for each message and never on something older than what is known.
func (s *IdentityStore) Learn(ctx context.Context, news identity.IssuerNews) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			INSERT INTO issuer_messages (issuer, id)
			VALUES ($1, $2)
			ON CONFLICT DO NOTHING`, news.Issuer, news.MessageID)
		if err != nil {
			return fmt.Errorf("keep an issuer's message: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return nil
		}
		if news.EndedSession != "" {
			return endForeignSession(ctx, tx, news)
		}
		return learnPerson(ctx, tx, news)
	})
}

func endForeignSession(ctx context.Context, tx pgx.Tx, news identity.IssuerNews) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO issuer_ended_sessions (issuer, session)
		VALUES ($1, $2)
		ON CONFLICT DO NOTHING`, news.Issuer, news.EndedSession)
	if err != nil {
		return fmt.Errorf("end an issuer's session: %w", err)
	}
	if err := endSessionVisits(ctx, tx, news.Issuer, news.EndedSession); err != nil {
		return err
	}
	return auditNews(ctx, tx, news, "session.ended", "session:"+news.EndedSession)
}

func learnPerson(ctx context.Context, tx pgx.Tx, news identity.IssuerNews) error {
	var disabled bool
	err := tx.QueryRow(ctx, `
		INSERT INTO issuer_people AS p (issuer, subject, disabled, deleted, said_at)
		VALUES ($1, $2, $3 OR $4, $4, $5)
		ON CONFLICT (issuer, subject) DO UPDATE
		SET disabled = excluded.disabled OR p.deleted,
		    deleted = excluded.deleted OR p.deleted,
		    said_at = excluded.said_at,
		    updated_at = now()
		WHERE p.said_at <= excluded.said_at OR excluded.deleted
		RETURNING disabled`, news.Issuer, news.Subject, news.Disabled, news.Deleted, news.SaidAt).Scan(&disabled)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // something newer is known
	}
	if err != nil {
		return fmt.Errorf("keep what an issuer says of a person: %w", err)
	}
	if disabled {
		if _, err := endVisits(ctx, tx, "the person was disabled", `v.issuer = $2 AND v.subject = $3`, news.Issuer, news.Subject); err != nil {
			return err
		}
	}
	action := "person.updated"
	if disabled {
		action = "person.disabled"
	}
	if err := auditNews(ctx, tx, news, action, string(identity.PersonActor(news.Issuer, news.Subject))); err != nil || news.Email == "" {
		return err
	}
	return followEmail(ctx, tx, news)
}

// followEmail keeps the address that a team sees of a member in step. It is never what makes a member.
func followEmail(ctx context.Context, tx pgx.Tx, news identity.IssuerNews) error {
	rows, err := tx.Query(ctx, `
		UPDATE tenant_memberships
		SET email = $3, updated_at = now()
		WHERE issuer = $1 AND subject = $2 AND email <> $3
		RETURNING tenant_id`, news.Issuer, news.Subject, news.Email)
	if err != nil {
		return fmt.Errorf("follow an e-mail address: %w", err)
	}
	tenants, err := pgx.CollectRows(rows, pgx.RowTo[flomastr.TenantID])
	if err != nil {
		return fmt.Errorf("follow an e-mail address: %w", err)
	}
	for _, tenant := range tenants {
		err := appendAudit(ctx, tx, audit.Record{
			Tenant: tenant, Actor: flomastr.ActorSystem, Action: "membership.email_changed",
			Object: string(identity.PersonActor(news.Issuer, news.Subject)), Detail: map[string]string{"email": news.Email},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func auditNews(ctx context.Context, tx pgx.Tx, news identity.IssuerNews, action, object string) error {
	return appendAudit(ctx, tx, audit.Record{
		Actor: flomastr.Actor("issuer:" + news.Issuer), Action: action, Object: object, Detail: map[string]string{"message": news.MessageID},
	})
}

// What an issuer said is kept until nothing can refer to it any more: ended sessions for longer than any token lives,
// messages for longer than any is sent again.
const (
	keepEndedSessions = 48 * time.Hour
	keepMessages      = 30 * 24 * time.Hour
)

// SweepIssuers forgets the sessions and messages of issuers that are too old to matter.
func (s *IdentityStore) SweepIssuers(ctx context.Context) error {
	return s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		for sql, age := range map[string]time.Duration{
			`DELETE FROM issuer_ended_sessions WHERE ended_at < now() - make_interval(secs => $1)`: keepEndedSessions,
			`DELETE FROM issuer_messages WHERE received_at < now() - make_interval(secs => $1)`:    keepMessages,
		} {
			if _, err := tx.Exec(ctx, sql, age.Seconds()); err != nil {
				return fmt.Errorf("forget old news of issuers: %w", err)
			}
		}
		return nil
	})
}
