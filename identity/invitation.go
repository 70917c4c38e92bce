package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
)

// invitationLifetime is how long an invitation may wait.
const invitationLifetime = 7 * 24 * time.Hour

// Invitation is a membership to be. Its id becomes the membership's.
type Invitation struct {
	ID        flomastr.MembershipID
	Tenant    flomastr.TenantID
	Email     string
	Role      Role
	Language  string // of the mail
	ByMail    bool   // the link goes to the address alone, so whoever follows it reads that mailbox
	InvitedBy flomastr.Actor
	ExpiresAt time.Time
}

// LinkToken is what a link holds: 256 random bits. Its hash is kept, never the token.
type LinkToken struct {
	Raw  string
	Hash [sha256.Size]byte
}

// NewLinkToken makes a token.
func NewLinkToken() LinkToken {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	raw := base64.RawURLEncoding.EncodeToString(random)
	return LinkToken{raw, sha256.Sum256([]byte(raw))}
}

// ParseLinkToken checks the form of a presented token; ok is false for what cannot be one.
func ParseLinkToken(raw string) (token LinkToken, ok bool) {
	if len(raw) != base64.RawURLEncoding.EncodedLen(32) {
		return LinkToken{}, false
	}
	return LinkToken{raw, sha256.Sum256([]byte(raw))}, true
}

// Letter is what a mail about a person's access has to say.
type Letter struct {
	To       string
	Language string
	Tenant   flomastr.TenantID // zero for what is about the account alone
	Link     string
	Until    time.Time
}

// InvitationMailArgs is the job that mails an invitation. It holds no token.
type InvitationMailArgs struct {
	Tenant     flomastr.TenantID     `json:"tenant_id"`
	Invitation flomastr.MembershipID `json:"invitation_id"`
}

// Kind names the job in the queue.
func (InvitationMailArgs) Kind() string { return "invitation.mail" }

// MailState says how far an invitation's mail has come.
type MailState string

// The states of an invitation's mail.
const (
	MailNone   MailState = "none" // the link was handed out instead
	MailQueued MailState = "queued"
	MailSent   MailState = "sent"
	MailFailed MailState = "failed" // for good: check the address, or send it again
)

// Invited is what the page of an invitation shows to whoever holds its link.
type Invited struct {
	Invitation
	TenantSlug   string
	TenantName   string
	BrandPrimary string
	HasAccount   bool // at the built-in issuer, with a password: its holder signs in first
}

// MaskEmail shows enough of an address for its owner to know it again.
func MaskEmail(email string) string {
	local, domain, _ := strings.Cut(email, "@")
	return local[:min(1, len(local))] + "•••@" + domain
}

// The ways in which an invitation cannot be made or used. ErrInvitation is one answer for every reason, so that a link
// tells nothing but to whom it belongs.
var (
	ErrInvitation = flomastr.Errorf(flomastr.NotFound, "invitation_invalid",
		"This invitation does not exist, was used, has expired or is for another person. Ask for a new one.")
	ErrSignInFirst = flomastr.Errorf(flomastr.Conflict, "sign_in_first",
		"There is an account for this address already. Sign in with it, then open the invitation again.")
	ErrAlreadyMember  = flomastr.Errorf(flomastr.Conflict, "already_member", "This person is in the team already.")
	ErrAlreadyInvited = flomastr.Errorf(flomastr.Conflict, "already_invited", "This person was invited already. Send that invitation again, or revoke it.")
)
