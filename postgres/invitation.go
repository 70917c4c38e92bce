package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/audit"
	"github.com/flomastr/flomastr/identity"
)

// mailAttempts is how often a mail is tried: for an hour and a half, by the queue's backoff.
const mailAttempts = 8

const invitationColumns = `i.id, i.tenant_id AS tenant, i.email, i.role, i.language, i.by_mail, i.invited_by, i.expires_at`

// Invite keeps an invitation and, with a sealed token, enqueues its mail.
func (s *IdentityStore) Invite(ctx context.Context, actor flomastr.Actor, invitation identity.Invitation, hash [sha256.Size]byte, sealed []byte) error {
	err := s.inTeam(ctx, invitation.Tenant, func(tx pgx.Tx) error {
		var member bool
		err := tx.QueryRow(ctx, `
			SELECT EXISTS (
			  SELECT
			  FROM tenant_memberships m
			  LEFT JOIN accounts a ON m.issuer = $3 AND m.subject = a.id::text
			  WHERE m.tenant_id = $1 AND lower(m.email) = lower($2) AND m.status = 'active'
			    AND (a.id IS NULL OR a.password_hash <> ''))`, invitation.Tenant, invitation.Email, identity.LocalIssuer).Scan(&member)
		if err != nil {
			return fmt.Errorf("look for a member: %w", err)
		}
		if member {
			return identity.ErrAlreadyMember
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO invitations (tenant_id, id, email, role, language, token_hash, sealed_token, by_mail, mail_state, invited_by, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			invitation.Tenant, invitation.ID, invitation.Email, string(invitation.Role), invitation.Language, hash[:], sealed, invitation.ByMail,
			string(mailState(sealed)), string(invitation.InvitedBy), invitation.ExpiresAt)
		if err != nil {
			return fmt.Errorf("insert invitation: %w", err)
		}
		return s.invited(ctx, tx, actor, "invitation.sent", invitation, sealed)
	})
	if violates(err, "invitations_open_key") {
		return identity.ErrAlreadyInvited
	}
	return err
}

// InviteAgain gives an open invitation another token and a new end.
func (s *IdentityStore) InviteAgain(ctx context.Context, actor flomastr.Actor, again identity.Invitation, hash [sha256.Size]byte, sealed []byte,
	allowed func(identity.Teammate) error,
) (identity.Invitation, error) {
	err := s.inTeam(ctx, again.Tenant, func(tx pgx.Tx) error {
		before, err := teammate(ctx, tx, again.Tenant, again.ID)
		if err == nil && before.Status != identity.MembershipPending {
			err = identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := allowed(before); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			UPDATE invitations AS i
			SET token_hash = $3, sealed_token = $4, by_mail = $5, mail_state = $6, expires_at = $7
			WHERE tenant_id = $1 AND id = $2
			RETURNING `+invitationColumns,
			again.Tenant, again.ID, hash[:], sealed, again.ByMail, string(mailState(sealed)), again.ExpiresAt)
		if err != nil {
			return fmt.Errorf("renew invitation: %w", err)
		}
		if again, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[identity.Invitation]); err != nil {
			return fmt.Errorf("renew invitation: %w", err)
		}
		return s.invited(ctx, tx, actor, "invitation.sent_again", again, sealed)
	})
	return again, err
}

func mailState(sealed []byte) identity.MailState {
	if sealed == nil {
		return identity.MailNone
	}
	return identity.MailQueued
}

// invited enqueues the mail of an invitation and writes its line of the audit log.
func (s *IdentityStore) invited(ctx context.Context, tx pgx.Tx, actor flomastr.Actor, action string, i identity.Invitation, sealed []byte) error {
	if sealed != nil {
		args := identity.InvitationMailArgs{Tenant: i.Tenant, Invitation: i.ID}
		if err := s.db.Enqueue(ctx, tx, args, &river.InsertOpts{MaxAttempts: mailAttempts}); err != nil {
			return err
		}
	}
	return appendAudit(ctx, tx, audit.Record{
		Tenant: i.Tenant, Actor: actor, Action: action, Object: "membership:" + i.ID.String(),
		Detail: map[string]string{"email": i.Email, "role": string(i.Role)},
	})
}

// InvitationToMail gives an open invitation and its sealed token.
func (s *IdentityStore) InvitationToMail(ctx context.Context, tenant flomastr.TenantID, id flomastr.MembershipID) (identity.Invitation, []byte, error) {
	var found identity.Invitation
	var sealed []byte
	err := s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		var role, by string
		err := tx.QueryRow(ctx, `
			SELECT `+invitationColumns+`, i.sealed_token
			FROM invitations i
			WHERE i.id = $1 AND i.sealed_token IS NOT NULL AND `+stillInvited, id).
			Scan(&found.ID, &found.Tenant, &found.Email, &role, &found.Language, &found.ByMail, &by, &found.ExpiresAt, &sealed)
		if errors.Is(err, pgx.ErrNoRows) {
			return identity.ErrInvitation
		}
		if err != nil {
			return fmt.Errorf("read invitation: %w", err)
		}
		found.Role, found.InvitedBy = identity.Role(role), flomastr.Actor(by)
		return nil
	})
	return found, sealed, err
}

// NoteInvitationMail keeps how the mail with a token fared, and forgets the sealed token.
func (s *IdentityStore) NoteInvitationMail(ctx context.Context, tenant flomastr.TenantID, id flomastr.MembershipID, hash [sha256.Size]byte, state identity.MailState) error {
	return s.db.InTenant(ctx, tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE invitations SET mail_state = $2, sealed_token = NULL WHERE id = $1 AND token_hash = $3`, id, string(state), hash[:])
		if err != nil {
			return fmt.Errorf("note the mail of an invitation: %w", err)
		}
		return nil
	})
}

// OpenInvitation finds what can be accepted now.
func (s *IdentityStore) OpenInvitation(ctx context.Context, hash [sha256.Size]byte) (identity.Invited, error) {
	var found identity.Invited
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) (err error) {
		found, err = openInvitation(ctx, tx, hash, "")
		return err
	})
	return found, err
}

// openInvitation finds an invitation, and whether its address has an account that it does not open. A link that came by
// mail opens every account without a password. One that was handed out proves nothing about the address, and whoever
// made it may keep it: it opens the account that provisioning made only where it invites the tenant's one owner, for
// then the platform made it. Otherwise the administrators of one tenant could let themselves into another.
func openInvitation(ctx context.Context, tx pgx.Tx, hash [sha256.Size]byte, lock string) (identity.Invited, error) {
	rows, err := tx.Query(ctx, `
		SELECT `+invitationColumns+`, t.slug AS tenant_slug, t.name AS tenant_name, coalesce(b.brand_primary, '') AS brand_primary,
		       a.id IS NOT NULL
		       AND (a.password_hash <> ''
		            OR NOT i.by_mail
		            AND EXISTS (SELECT FROM tenant_memberships m WHERE m.issuer = $2 AND m.subject = a.id::text)
		            AND (i.role <> 'owner'
		                 OR EXISTS (SELECT
		                            FROM tenant_memberships m
		                            WHERE m.tenant_id = i.tenant_id AND m.role = 'owner' AND m.status = 'active'
		                              AND (m.issuer, m.subject) <> ($2, a.id::text)))) AS has_account
		FROM invitations i
		JOIN tenants t ON t.id = i.tenant_id
		LEFT JOIN tenant_branding b ON b.tenant_id = i.tenant_id
		LEFT JOIN accounts a ON lower(a.email) = lower(i.email)
		WHERE i.token_hash = $1 AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
		  AND t.status IN ('provisioning', 'active', 'inactive') AND NOT coalesce(a.disabled, false) `+lock, hash[:], identity.LocalIssuer)
	if err != nil {
		return identity.Invited{}, fmt.Errorf("read invitation: %w", err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[identity.Invited])
	if errors.Is(err, pgx.ErrNoRows) {
		return identity.Invited{}, identity.ErrInvitation
	}
	if err != nil {
		return identity.Invited{}, fmt.Errorf("read invitation: %w", err)
	}
	return found, nil
}

// Accept makes the person a member, once.
func (s *IdentityStore) Accept(ctx context.Context, hash [sha256.Size]byte, person identity.Person) (identity.Membership, error) {
	var member identity.Membership
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		invited, err := openInvitation(ctx, tx, hash, "FOR UPDATE OF i")
		if err != nil {
			return err
		}
		if !sameAddress(invited.Email, person.Email) {
			return identity.ErrInvitation
		}
		member, err = accept(ctx, tx, invited, person)
		return err
	})
	return member, err
}

// AcceptAsNew makes the invited person's account or gives it its first password, makes it a member and starts a session, once.
func (s *IdentityStore) AcceptAsNew(ctx context.Context, hash [sha256.Size]byte, passwordHash string, session identity.Session) (identity.Session, error) {
	err := s.db.InPlatform(ctx, func(tx pgx.Tx) error {
		invited, err := openInvitation(ctx, tx, hash, "FOR UPDATE OF i")
		if err != nil {
			return err
		}
		if invited.HasAccount {
			return identity.ErrSignInFirst
		}
		if session.Account, err = signUp(ctx, tx, invited, passwordHash); err != nil {
			return err
		}
		person := identity.Person{Issuer: identity.LocalIssuer, Subject: session.Account.ID.String(), Email: session.Account.Email}
		if _, err := accept(ctx, tx, invited, person); err != nil {
			return err
		}
		return insertSession(ctx, tx, session)
	})
	return session, err
}

// signUp makes the account of an invited address, or finds the one that has no password yet. Only a link that came by mail
// proves the address; what the platform vouched for lasts as long as a membership that it gave.
func signUp(ctx context.Context, tx pgx.Tx, invited identity.Invited, passwordHash string) (identity.Account, error) {
	account, err := oneAccount(ctx, tx, `
		INSERT INTO accounts (id, email, email_verified)
		VALUES ($1, $2, $3)
		ON CONFLICT (lower(email)) DO UPDATE
		SET email_verified = excluded.email_verified OR accounts.email_verified
		                     AND EXISTS (SELECT FROM tenant_memberships m WHERE m.issuer = $4 AND m.subject = accounts.id::text)
		WHERE accounts.password_hash = '' AND NOT accounts.disabled
		RETURNING `+accountColumns, flomastr.NewID[flomastr.AccountID](), invited.Email, invited.ByMail, identity.LocalIssuer)
	if errors.Is(err, identity.ErrNoAccount) {
		return identity.Account{}, identity.ErrSignInFirst // another sign-up was quicker
	}
	if err != nil {
		return identity.Account{}, err
	}
	actor := identity.PersonActor(identity.LocalIssuer, account.ID.String())
	return account, setPassword(ctx, tx, actor, account.ID, passwordHash)
}

// accept turns an invitation into a membership. Whoever is an active member already keeps the role they have. A membership
// that provisioning gave to an account without a way in passes to the person who came instead.
func accept(ctx context.Context, tx pgx.Tx, invited identity.Invited, person identity.Person) (identity.Membership, error) {
	actor := identity.PersonActor(person.Issuer, person.Subject)
	_, err := tx.Exec(ctx, `
		UPDATE tenant_memberships m
		SET issuer = $3, subject = $4, updated_at = now()
		FROM accounts a
		WHERE m.tenant_id = $1 AND m.issuer = $5 AND m.subject = a.id::text AND lower(a.email) = lower($2) AND a.password_hash = ''
		  AND NOT EXISTS (SELECT FROM tenant_memberships o WHERE o.tenant_id = $1 AND o.issuer = $3 AND o.subject = $4)`,
		invited.Tenant, invited.Email, person.Issuer, person.Subject, identity.LocalIssuer)
	if err != nil {
		return identity.Membership{}, fmt.Errorf("pass membership on: %w", err)
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO tenant_memberships AS m (tenant_id, id, issuer, subject, email, role, status)
		VALUES ($1, $2, $3, $4, $5, $6, 'active')
		ON CONFLICT ON CONSTRAINT tenant_memberships_person_key
		DO UPDATE SET role = CASE m.status WHEN 'active' THEN m.role ELSE excluded.role END, status = 'active', updated_at = now()
		RETURNING m.id, m.tenant_id AS tenant, $7::text AS slug, m.role, m.status`,
		invited.Tenant, invited.ID, person.Issuer, person.Subject, person.Email, string(invited.Role), invited.TenantSlug)
	if err != nil {
		return identity.Membership{}, fmt.Errorf("insert membership: %w", err)
	}
	member, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[identity.Membership])
	if err != nil {
		return identity.Membership{}, fmt.Errorf("insert membership: %w", err)
	}
	_, err = tx.Exec(ctx, `
		UPDATE invitations
		SET accepted_at = now(), accepted_by = $3, sealed_token = NULL
		WHERE tenant_id = $1 AND id = $2`, invited.Tenant, invited.ID, string(actor))
	if err != nil {
		return identity.Membership{}, fmt.Errorf("close invitation: %w", err)
	}
	return member, appendAudit(ctx, tx, audit.Record{
		Tenant: invited.Tenant, Actor: actor, Action: "invitation.accepted", Object: "membership:" + member.ID.String(),
		Detail: map[string]string{"role": string(member.Role), "email": person.Email},
	})
}
