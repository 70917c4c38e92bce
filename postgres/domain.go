package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/tenant"
)

// DomainStore keeps which tenant claims which domain, and who has proven it.
type DomainStore struct{ db *DB }

// NewDomainStore makes the store.
func NewDomainStore(db *DB) *DomainStore { return &DomainStore{db: db} }

var _ tenant.DomainStore = (*DomainStore)(nil)

const claimColumns = `tenant_id, domain, token, verified_at, checked_at`

func claimOf(row pgx.CollectableRow) (c tenant.Claim, err error) {
	err = row.Scan(&c.Tenant, &c.Name, &c.Token, &c.VerifiedAt, &c.CheckedAt)
	return c, err
}

// Holder is the tenant that has proven a domain.
func (s *DomainStore) Holder(ctx context.Context, domain string) (tenant.Claim, error) {
	var holder tenant.Claim
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+claimColumns+`
			FROM domains
			WHERE domain = $1 AND verified_at IS NOT NULL`, domain)
		if err != nil {
			return fmt.Errorf("look up domain: %w", err)
		}
		holder, err = pgx.CollectExactlyOneRow(rows, claimOf)
		if errors.Is(err, pgx.ErrNoRows) {
			return tenant.ErrNotFound
		}
		return err
	})
	return holder, err
}

// Due lists proven claims to ask about again.
func (s *DomainStore) Due(ctx context.Context, before time.Time, limit int) ([]tenant.Claim, error) {
	var due []tenant.Claim
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+claimColumns+`
			FROM domains
			WHERE verified_at IS NOT NULL AND tried_at < $1
			ORDER BY tried_at
			LIMIT $2`, before, limit)
		if err != nil {
			return fmt.Errorf("list domains: %w", err)
		}
		due, err = pgx.CollectRows(rows, claimOf)
		return err
	})
	return due, err
}

// Settle notes what DNS said of a claim.
func (s *DomainStore) Settle(ctx context.Context, actor flomastr.Actor, claim tenant.Claim, answer tenant.Proof, now time.Time) error {
	return s.db.InTenant(ctx, claim.Tenant, func(tx pgx.Tx) error {
		var proven bool
		err := tx.QueryRow(ctx, `
			SELECT verified_at IS NOT NULL
			FROM domains
			WHERE tenant_id = $1 AND domain = $2 AND token = $3
			FOR UPDATE`, claim.Tenant, claim.Name, claim.Token).Scan(&proven)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // another claim stands in its place by now
		}
		if err != nil {
			return fmt.Errorf("read claim: %w", err)
		}
		_, err = tx.Exec(ctx, `
			UPDATE domains
			SET tried_at = $2,
			    checked_at = CASE WHEN $3 = 'unknown' THEN checked_at ELSE $2 END,
			    verified_at = CASE $3 WHEN 'unknown' THEN verified_at WHEN 'proven' THEN coalesce(verified_at, $2) END
			WHERE tenant_id = $1`, claim.Tenant, now, proofWord(answer))
		if violates(err, "domains_proven_key") {
			return tenant.ErrDomainTaken
		}
		if err != nil {
			return fmt.Errorf("settle claim: %w", err)
		}
		switch {
		case answer == tenant.Proven && !proven:
			return auditDomain(ctx, tx, actor, claim.Tenant, "domain.verified", claim.Name)
		case answer == tenant.Missing && proven:
			return auditDomain(ctx, tx, actor, claim.Tenant, "domain.lapsed", claim.Name)
		}
		return nil
	})
}

func proofWord(answer tenant.Proof) string {
	switch answer {
	case tenant.Proven:
		return "proven"
	case tenant.Missing:
		return "missing"
	}
	return "unknown"
}

func auditDomain(ctx context.Context, tx pgx.Tx, actor flomastr.Actor, id flomastr.TenantID, action, domain string) error {
	return appendAudit(ctx, tx, audit.Record{
		Tenant: id, Actor: actor, Action: action, Object: "tenant:" + id.String(), Detail: map[string]string{"domain": domain},
	})
}
