package identity

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
)

// Teammate is a person in a tenant's team, or one who is invited (Status pending).
type Teammate struct {
	ID        flomastr.MembershipID
	Issuer    string // "" while pending
	Subject   string
	Email     string
	Role      Role
	Status    MembershipStatus
	Since     time.Time
	ExpiresAt *time.Time // of an invitation
	Mail      MailState  // of an invitation's mail; "" for a member
}

// MemberChange is what may be altered of a member; nil leaves it alone.
type MemberChange struct {
	Role   *Role
	Status *MembershipStatus // active or inactive
}

// Person is who accepts an invitation: somebody of any issuer, or an account that is made or opened with it.
type Person struct {
	Issuer, Subject, Email string
}

// The rules of a team.
var (
	ErrLastOwner = flomastr.Errorf(flomastr.Conflict, "last_owner",
		"A workspace needs an owner. Make somebody else an owner first.")
	ErrOwnersOnly = flomastr.Errorf(flomastr.Forbidden, "owners_only", "Only an owner may make, change or remove owners.")
)

// TeamStore keeps teams and invitations. Each method is one commit, and writes its line of the audit log in it.
type TeamStore interface {
	// Members lists members and open invitations in the order of their ids, after a given one.
	Members(ctx context.Context, tenant flomastr.TenantID, after flomastr.MembershipID, limit int) ([]Teammate, error)
	// ChangeMember alters a member, or the role of an open invitation, and RemoveMember removes one or revokes the other.
	// allowed judges the row as it is. What would leave the tenant without an active owner is ErrLastOwner. A changed
	// role ends the person's sessions at the built-in issuer, except for the one that is kept.
	ChangeMember(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, id flomastr.MembershipID,
		change MemberChange, keep string, allowed func(Teammate) error) (Teammate, error)
	RemoveMember(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, id flomastr.MembershipID, allowed func(Teammate) error) error

	// Invite keeps an invitation. Who is in the team is ErrAlreadyMember, unless it is an account that has no password yet
	// and so no way in; who was invited is ErrAlreadyInvited. With a sealed token it enqueues the mail.
	Invite(ctx context.Context, actor flomastr.Actor, invitation Invitation, hash [sha256.Size]byte, sealed []byte) error
	// InviteAgain gives an open invitation another token and a new end. An expired one is open.
	InviteAgain(ctx context.Context, actor flomastr.Actor, invitation Invitation, hash [sha256.Size]byte, sealed []byte, allowed func(Teammate) error) (Invitation, error)
	// InvitationToMail gives an open invitation and its sealed token; without one it is ErrInvitation.
	InvitationToMail(ctx context.Context, tenant flomastr.TenantID, id flomastr.MembershipID) (Invitation, []byte, error)
	// NoteInvitationMail keeps how the mail with a token fared, and forgets the sealed token; a newer one is left alone.
	NoteInvitationMail(ctx context.Context, tenant flomastr.TenantID, id flomastr.MembershipID, hash [sha256.Size]byte, state MailState) error

	// OpenInvitation finds by the token's hash what can be accepted now, else ErrInvitation.
	OpenInvitation(ctx context.Context, hash [sha256.Size]byte) (Invited, error)
	// Accept makes the person a member, once.
	Accept(ctx context.Context, hash [sha256.Size]byte, person Person) (Membership, error)
}

// TeamSealer keeps an invitation's token unreadable until it is mailed; secret.Keyring is one.
type TeamSealer interface {
	Seal(tenant, table, column string, plaintext []byte) ([]byte, error)
	Open(tenant, table, column string, sealed []byte) ([]byte, error)
}

// TeamDeps is what a Team needs.
type TeamDeps struct {
	Store TeamStore
	Seal  TeamSealer
	Clock flomastr.Clock
	// PublicURL is how people reach us. A link never follows the Host of a request.
	PublicURL string
	// Mailed: mails are written for invitations. ByMail: they reach the mailbox and nobody else, so the link is given to
	// nobody else either.
	Mailed, ByMail bool
}

// Team looks after who belongs to a tenant.
type Team struct{ deps TeamDeps }

// NewTeam makes it.
func NewTeam(deps TeamDeps) *Team { return &Team{deps} }

// Members gives a page of a team.
func (t *Team) Members(ctx context.Context, tenant flomastr.TenantID, after flomastr.MembershipID, limit int) ([]Teammate, error) {
	return t.deps.Store.Members(ctx, tenant, after, limit)
}

// over judges what somebody of a role may do to a member: an owner is an owner's business.
func over(role Role) func(Teammate) error {
	return func(m Teammate) error {
		if m.Role == RoleOwner && role != RoleOwner {
			return ErrOwnersOnly
		}
		return nil
	}
}

// Change alters a member's role or status on behalf of somebody of a role.
func (t *Team) Change(ctx context.Context, caller Caller, by Membership, id flomastr.MembershipID, change MemberChange) (Teammate, error) {
	if change.Role != nil && *change.Role == RoleOwner && by.Role != RoleOwner {
		return Teammate{}, ErrOwnersOnly
	}
	return t.deps.Store.ChangeMember(ctx, caller.Actor(), by.Tenant, id, change, caller.Session, over(by.Role))
}

// Remove removes a member, or revokes an invitation.
func (t *Team) Remove(ctx context.Context, caller Caller, by Membership, id flomastr.MembershipID) error {
	return t.deps.Store.RemoveMember(ctx, caller.Actor(), by.Tenant, id, over(by.Role))
}

// Invite invites an address into the caller's tenant. The link is "" where it goes by mail alone.
func (t *Team) Invite(ctx context.Context, caller Caller, by Membership, email string, role Role, language string) (Invitation, string, error) {
	if role == RoleOwner && by.Role != RoleOwner {
		return Invitation{}, "", ErrOwnersOnly
	}
	return t.invite(ctx, caller.Actor(), by.Tenant, email, role, language)
}

// InviteOwner lets the owner that provisioning named in, who has no password yet. It may be called again: whoever has a
// way in, or an invitation, needs none. The link is "" then, and where it goes by mail alone.
func (t *Team) InviteOwner(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, email string) (string, error) {
	_, link, err := t.invite(ctx, actor, tenant, email, RoleOwner, "en")
	if flomastr.CodeOf(err) == ErrAlreadyMember.Code || flomastr.CodeOf(err) == ErrAlreadyInvited.Code {
		return "", nil
	}
	return link, err
}

func (t *Team) invite(ctx context.Context, actor flomastr.Actor, tenant flomastr.TenantID, email string, role Role, language string) (Invitation, string, error) {
	email, err := CanonicalEmail(email)
	if err != nil {
		return Invitation{}, "", err
	}
	invitation := Invitation{
		ID: flomastr.NewID[flomastr.MembershipID](), Tenant: tenant, Email: email, Role: role, Language: language, ByMail: t.deps.ByMail,
		InvitedBy: actor, ExpiresAt: t.deps.Clock().Add(invitationLifetime),
	}
	token, sealed, err := t.token(invitation)
	if err != nil {
		return Invitation{}, "", err
	}
	if err := t.deps.Store.Invite(ctx, actor, invitation, token.Hash, sealed); err != nil {
		return Invitation{}, "", err
	}
	return invitation, t.shown(token), nil
}

// InviteAgain sends an invitation again, with another link and a new end; the old link ends.
func (t *Team) InviteAgain(ctx context.Context, caller Caller, by Membership, id flomastr.MembershipID) (Invitation, string, error) {
	again := Invitation{ID: id, Tenant: by.Tenant, ByMail: t.deps.ByMail, ExpiresAt: t.deps.Clock().Add(invitationLifetime)}
	token, sealed, err := t.token(again)
	if err != nil {
		return Invitation{}, "", err
	}
	invitation, err := t.deps.Store.InviteAgain(ctx, caller.Actor(), again, token.Hash, sealed, over(by.Role))
	if err != nil {
		return Invitation{}, "", err
	}
	return invitation, t.shown(token), nil
}

func (t *Team) token(invitation Invitation) (LinkToken, []byte, error) {
	token := NewLinkToken()
	if !t.deps.Mailed {
		return token, nil, nil
	}
	sealed, err := t.deps.Seal.Seal(invitation.Tenant.String(), "invitations", "sealed_token/"+invitation.ID.String(), []byte(token.Raw))
	if err != nil {
		return LinkToken{}, nil, fmt.Errorf("seal invitation: %w", err)
	}
	return token, sealed, nil
}

func (t *Team) link(token string) string { return t.deps.PublicURL + "/invite/" + token }

func (t *Team) shown(token LinkToken) string {
	if t.deps.ByMail {
		return ""
	}
	return t.link(token.Raw)
}

// InvitationLetter is what the mail of an invitation has to say. One that was accepted, revoked or mailed meanwhile is
// ErrInvitation.
func (t *Team) InvitationLetter(ctx context.Context, args InvitationMailArgs) (Letter, error) {
	invitation, sealed, err := t.deps.Store.InvitationToMail(ctx, args.Tenant, args.Invitation)
	if err != nil {
		return Letter{}, err
	}
	token, err := t.deps.Seal.Open(args.Tenant.String(), "invitations", "sealed_token/"+args.Invitation.String(), sealed)
	if err != nil {
		return Letter{}, fmt.Errorf("open invitation: %w", err)
	}
	return Letter{
		To: invitation.Email, Language: invitation.Language, Tenant: invitation.Tenant, Link: t.link(string(token)), Until: invitation.ExpiresAt,
	}, nil
}

// NoteMail keeps how a letter of an invitation fared. Without a letter there was nothing to send.
func (t *Team) NoteMail(ctx context.Context, args InvitationMailArgs, letter Letter, state MailState) error {
	token, ok := ParseLinkToken(strings.TrimPrefix(letter.Link, t.link("")))
	if !ok {
		return nil
	}
	return t.deps.Store.NoteInvitationMail(ctx, args.Tenant, args.Invitation, token.Hash, state)
}

// Look shows an invitation to whoever holds its link.
func (t *Team) Look(ctx context.Context, raw string) (Invited, error) {
	token, ok := ParseLinkToken(raw)
	if !ok {
		return Invited{}, ErrInvitation
	}
	return t.deps.Store.OpenInvitation(ctx, token.Hash)
}

// Accept makes a person who is signed in a member. The address must be the invited one, and verified by the person's
// issuer. Where the link was handed out by hand there is no mail to verify by, and an account of our own will do.
func (t *Team) Accept(ctx context.Context, caller Caller, raw string) (Membership, error) {
	invited, err := t.Look(ctx, raw)
	if err != nil {
		return Membership{}, err
	}
	email, err := CanonicalEmail(caller.Email)
	verified := caller.EmailVerified || !invited.ByMail && caller.Issuer == LocalIssuer
	if err != nil || !verified || asciiLower(email) != asciiLower(invited.Email) {
		return Membership{}, ErrInvitation
	}
	token, _ := ParseLinkToken(raw)
	return t.deps.Store.Accept(ctx, token.Hash, Person{caller.Issuer, caller.Subject, email})
}
