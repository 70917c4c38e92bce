package identity

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/flomastr/flomastr"
)

// LocalIssuer is the iss claim of the built-in identity provider. It is a name and not an address, so that memberships
// survive a change of the installation's host.
const LocalIssuer = "urn:flomastr:identity"

// Account is a person at the built-in identity provider. Its id is the subject of the person's tokens.
type Account struct {
	ID            flomastr.AccountID
	Email         string
	EmailVerified bool
	PasswordHash  string // "" cannot sign in
	Disabled      bool
}

// Session is one sign-in. Its refresh tokens share a family; each is good once.
type Session struct {
	ID              flomastr.SessionID
	Account         Account
	Family          [sha256.Size]byte // hash of what all its tokens share
	Token           [sha256.Size]byte // hash of the one that is good now
	Network         string
	Device          string
	AuthenticatedAt time.Time
	SeenAt          time.Time // when its tokens were last renewed
	ExpiresAt       time.Time
}

// SigningKey is a key of the built-in issuer. Private is sealed.
type SigningKey struct {
	KID       string
	Algorithm string
	PublicJWK []byte
	Private   []byte
	CreatedAt time.Time
	Retired   bool // still published, no longer used to sign
}

// SignIn is what a person sends to begin a session.
type SignIn struct {
	Email    string
	Password string
	OTP      string // of the second factor, where there is one
	From     Origin
}

// Origin is where a sign-in comes from.
type Origin struct {
	RemoteIP string
	Device   string // what the browser says of itself; for the person to know it again, never for deciding
}

// Grant is what a sign-in or a refresh gives.
type Grant struct {
	AccessToken    string
	ExpiresIn      time.Duration
	RefreshToken   string
	RefreshExpires time.Time
	Account        Account
}

// Attempt is one counter, such as of wrong passwords: how many are free, and how many are all that its window allows.
type Attempt struct {
	Subject string
	Free    int
	Stop    int
	Window  time.Duration // 0 is a day
}

// The ways in which the built-in provider says no. None tells whether an account exists.
var (
	ErrBadCredentials = flomastr.Errorf(flomastr.Unauthenticated, "credentials_invalid", "The e-mail address or the password is not right.")
	ErrBadRefresh     = flomastr.Errorf(flomastr.Unauthenticated, "session_ended", "The session has ended. Sign in again.")
	ErrThrottled      = flomastr.Errorf(flomastr.Limited, "sign_in_limited", "Too many wrong tries. Wait a moment, then try again.")
	ErrNoAccount      = flomastr.Errorf(flomastr.NotFound, "account_not_found", "There is no such account.")
)

// AccountStore keeps the built-in provider's accounts, sessions and keys. Each method is one commit, and writes its line
// of the audit log in it.
type AccountStore interface {
	FactorStore
	ResetStore
	SessionStore

	// AccountByEmail finds by address in any case, AccountByID by id; both answer ErrNoAccount for none.
	AccountByEmail(ctx context.Context, email string) (Account, error)
	AccountByID(ctx context.Context, id flomastr.AccountID) (Account, error)
	// KnownNetwork tells whether the account signed in from there within the last 30 days.
	KnownNetwork(ctx context.Context, id flomastr.AccountID, network string) (bool, error)

	// BeginAttempt counts one try on every counter, before it is known whether it is right, so that parallel tries
	// are counted too. When one of them is blocked, none is counted and the wait is returned.
	BeginAttempt(ctx context.Context, attempts []Attempt) (wait time.Duration, err error)
	// ForgiveAttempt takes the try back: cleared counters are forgotten, the others lose one.
	ForgiveAttempt(ctx context.Context, cleared, others []Attempt) error

	StartSession(ctx context.Context, session Session) error
	// RotateSession replaces the good token by the next one. A token that is not the good one of its family ends the
	// session. Whatever is wrong, the answer is ErrBadRefresh.
	RotateSession(ctx context.Context, family, token, next [sha256.Size]byte) (Session, error)
	// EndSession ends the session of the family, if there is one.
	EndSession(ctx context.Context, family [sha256.Size]byte) error

	// Enrol makes an account with a verified address, or finds it, and sets its password unless hash is "".
	Enrol(ctx context.Context, actor flomastr.Actor, email, hash string) (Account, error)
	// SetFirstPassword sets the password of an account that has none; ok is false when it has one.
	SetFirstPassword(ctx context.Context, actor flomastr.Actor, id flomastr.AccountID, hash string) (ok bool, err error)
	// ChangePassword replaces the password, ends every session and starts the given one.
	ChangePassword(ctx context.Context, id flomastr.AccountID, hash string, session Session) error
	// OpenInvitation finds by the token's hash what can be accepted now, else ErrInvitation.
	OpenInvitation(ctx context.Context, hash [sha256.Size]byte) (Invited, error)
	// AcceptAsNew makes the invited person's account, or gives it its first password, makes it a member and starts the
	// session, once. An account that has a password is ErrSignInFirst.
	AcceptAsNew(ctx context.Context, token [sha256.Size]byte, hash string, session Session) (Session, error)

	// SigningKeys lists the keys to publish, newest first.
	SigningKeys(ctx context.Context) ([]SigningKey, error)
	// AddSigningKey keeps a first key unless another server was quicker; either way it lists what is kept.
	AddSigningKey(ctx context.Context, key SigningKey) ([]SigningKey, error)
}
