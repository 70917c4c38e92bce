package identity

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/flomastr/flomastr"
)

// SecondFactor is an account's time-based code (RFC 6238). The zero value is none.
type SecondFactor struct {
	Sealed    []byte // the secret
	Confirmed bool   // only then it is asked for
	CodesLeft int    // recovery codes that were not used
}

// FactorSetup is what a person needs to add an account to an authenticator; it is shown once.
type FactorSetup struct {
	Secret string // base32, to type
	URI    string // otpauth://, to show as a picture
}

// The ways of a second factor.
var (
	ErrOTPRequired = flomastr.Errorf(flomastr.Unauthenticated, "otp_required", "Enter the code of your authenticator, or a recovery code.")
	ErrOTPWrong    = flomastr.Errorf(flomastr.Unauthenticated, "otp_invalid", "The code is not right, or was used already. Wait for the next one.")
	ErrFactorOn    = flomastr.Errorf(flomastr.Conflict, "totp_enabled", "A second factor is in use already. Remove it first.")
	ErrFactorOff   = flomastr.Errorf(flomastr.Conflict, "totp_not_enabled", "There is no second factor to do this with.")
)

// FactorStore keeps second factors. Each method is one commit, and writes its line of the audit log in it.
type FactorStore interface {
	SecondFactor(ctx context.Context, id flomastr.AccountID) (SecondFactor, error)
	// StartSecondFactor keeps a secret that is not confirmed, in place of one that was not either; else it is ErrFactorOn.
	StartSecondFactor(ctx context.Context, id flomastr.AccountID, sealed []byte) error
	// ConfirmSecondFactor turns it on with its recovery codes, uses the step up, and ends the other sessions.
	ConfirmSecondFactor(ctx context.Context, id flomastr.AccountID, step int64, codes [][sha256.Size]byte, keep string) error
	// UseStep uses the 30 seconds of a code up; ok is false when they, or later ones, were used before.
	UseStep(ctx context.Context, id flomastr.AccountID, step int64) (ok bool, err error)
	// UseRecoveryCode uses a code up; ok is false when there is none like it.
	UseRecoveryCode(ctx context.Context, id flomastr.AccountID, code [sha256.Size]byte) (ok bool, err error)
	ReplaceRecoveryCodes(ctx context.Context, id flomastr.AccountID, codes [][sha256.Size]byte) error
	// RemoveSecondFactor turns it off and ends the other sessions.
	RemoveSecondFactor(ctx context.Context, id flomastr.AccountID, keep string) error
}

// ErrReset says that a link to choose a new password is no longer good.
var ErrReset = flomastr.Errorf(flomastr.Invalid, "reset_invalid", "This link was used or has expired. Ask for a new one.")

// ResetMailArgs is the job that mails a link to choose a new password, if the address has an account. The request does the
// same work either way.
type ResetMailArgs struct {
	Email    string `json:"email"`
	Language string `json:"language"`
}

// Kind names the job in the queue.
func (ResetMailArgs) Kind() string { return "account.reset_mail" }

// ResetStore keeps links to choose a new password.
type ResetStore interface {
	// RequestReset enqueues the mail.
	RequestReset(ctx context.Context, args ResetMailArgs) error
	AddReset(ctx context.Context, id flomastr.AccountID, token [sha256.Size]byte, expires time.Time) error
	// ResetAccount finds whose link it is, else ErrReset.
	ResetAccount(ctx context.Context, token [sha256.Size]byte) (Account, error)
	// UseReset sets the password, once: it ends every session and every other link, and the address counts as verified.
	UseReset(ctx context.Context, token [sha256.Size]byte, hash string) error
}

// SessionStore lists and ends a person's sign-ins.
type SessionStore interface {
	// Sessions lists those that go on, newest first.
	Sessions(ctx context.Context, id flomastr.AccountID) ([]Session, error)
	// EndSessionOf ends one; one that is not the account's, or has ended, is ErrNotFound.
	EndSessionOf(ctx context.Context, id flomastr.AccountID, session flomastr.SessionID) error
	EndOtherSessions(ctx context.Context, id flomastr.AccountID, keep string) error
}
