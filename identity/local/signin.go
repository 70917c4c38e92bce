package local

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

// How many wrong passwords are free, and how many are all in a day. Past the free ones each further try waits twice as
// long as the one before. A network that an account was used from lately is not held to the account's own limit, which
// a stranger may have used up.
const (
	pairFree, pairStop       = 10, 100
	networkFree, networkStop = 50, 1000
	accountFree, accountStop = 100, 100
)

// SignIn checks a password and begins a session. An address that nobody has, an account without a password, one that is
// disabled and a wrong password are one answer after the same work.
func (p *Provider) SignIn(ctx context.Context, in identity.SignIn) (identity.Grant, error) {
	email, err := identity.CanonicalEmail(in.Email)
	if err != nil || !usable(in.Password) {
		return identity.Grant{}, identity.ErrBadCredentials
	}
	account, err := p.account(ctx, email)
	if err != nil {
		return identity.Grant{}, err
	}
	network := networkOf(in.From.RemoteIP)
	if err := p.guess(ctx, account, email, network, in.Password); err != nil {
		return identity.Grant{}, err
	}
	if err := p.secondFactor(ctx, account.ID, in.OTP); err != nil {
		return identity.Grant{}, err
	}
	session, token := p.newSession(account, in.From)
	if err := p.store.StartSession(ctx, session); err != nil {
		return identity.Grant{}, err
	}
	return p.grant(ctx, session, token)
}

// account finds an account, or the zero value for an address that nobody has.
func (p *Provider) account(ctx context.Context, email string) (identity.Account, error) {
	account, err := p.store.AccountByEmail(ctx, email)
	if errors.Is(err, identity.ErrNoAccount) {
		return identity.Account{}, nil
	}
	if err == nil && account.Disabled {
		account.PasswordHash = ""
	}
	return account, err
}

// guess counts and checks one password. It returns nil only for the right one of an account that may sign in.
func (p *Provider) guess(ctx context.Context, account identity.Account, email, network, password string) error {
	known, err := p.store.KnownNetwork(ctx, account.ID, network)
	if err != nil {
		return err
	}
	who := fingerprint(strings.ToLower(email))
	pair := identity.Attempt{Subject: "account-from:" + fingerprint(who+"|"+network), Free: pairFree, Stop: pairStop}
	others := []identity.Attempt{{Subject: "network:" + network, Free: networkFree, Stop: networkStop}}
	if !known {
		others = append(others, identity.Attempt{Subject: "account:" + who, Free: accountFree, Stop: accountStop})
	}
	wait, err := p.store.BeginAttempt(ctx, append([]identity.Attempt{pair}, others...))
	if err != nil {
		return err
	}
	if wait > 0 {
		return throttled(wait)
	}
	ok, err := p.matches(ctx, password, account.PasswordHash)
	if err != nil {
		// The try was not judged, so it does not count.
		return errors.Join(err, p.store.ForgiveAttempt(context.WithoutCancel(ctx), nil, append(others, pair)))
	}
	if !ok {
		return identity.ErrBadCredentials
	}
	return p.store.ForgiveAttempt(ctx, []identity.Attempt{pair}, others)
}

// ErrOldPassword says that the current password was not right.
var ErrOldPassword = flomastr.Errorf(flomastr.Forbidden, "password_wrong", "The current password is not right.")

// ChangePassword replaces the caller's password, ends every other session and begins a new one.
func (p *Provider) ChangePassword(ctx context.Context, caller identity.Caller, oldPassword, newPassword string, from identity.Origin) (identity.Grant, error) {
	id, err := flomastr.ParseID[flomastr.AccountID](caller.Subject)
	if err != nil || caller.Issuer != identity.LocalIssuer {
		return identity.Grant{}, identity.ErrForbidden
	}
	account, err := p.store.AccountByID(ctx, id)
	if err != nil {
		return identity.Grant{}, err
	}
	if err := checkNew("body.new", newPassword, account.Email); err != nil {
		return identity.Grant{}, err
	}
	if !usable(oldPassword) {
		return identity.Grant{}, ErrOldPassword
	}
	if err := p.guess(ctx, account, account.Email, networkOf(from.RemoteIP), oldPassword); err != nil {
		if errors.Is(err, identity.ErrBadCredentials) {
			return identity.Grant{}, ErrOldPassword
		}
		return identity.Grant{}, err
	}
	hash, err := p.hash(ctx, newPassword)
	if err != nil {
		return identity.Grant{}, err
	}
	session, token := p.newSession(account, from)
	if err := p.store.ChangePassword(ctx, account.ID, hash, session); err != nil {
		return identity.Grant{}, err
	}
	return p.grant(ctx, session, token)
}

// Enrol makes an account, or finds it, and sets its password. It is for whoever runs the server: the address counts as
// verified.
func (p *Provider) Enrol(ctx context.Context, actor flomastr.Actor, email, password string) (identity.Account, error) {
	email, err := identity.CanonicalEmail(email)
	if err != nil {
		return identity.Account{}, err
	}
	if err := checkNew("body.password", password, email); err != nil {
		return identity.Account{}, err
	}
	account, err := p.store.AccountByEmail(ctx, email)
	if err == nil {
		// Setting the same password again would end the person's sessions for nothing.
		if same, err := p.matches(ctx, password, account.PasswordHash); err != nil || same {
			return account, err
		}
	} else if !errors.Is(err, identity.ErrNoAccount) {
		return identity.Account{}, err
	}
	hash, err := p.hash(ctx, password)
	if err != nil {
		return identity.Account{}, err
	}
	return p.store.Enrol(ctx, actor, email, hash)
}

// SetUpPassword gives an account that has no password yet a random one, to be handed to its owner and changed. It
// answers ErrHasPassword when there is one already.
func (p *Provider) SetUpPassword(ctx context.Context, actor flomastr.Actor, email string) (string, error) {
	email, err := identity.CanonicalEmail(email)
	if err != nil {
		return "", err
	}
	account, err := p.store.AccountByEmail(ctx, email)
	if err != nil {
		return "", err
	}
	password := NewPassword()
	hash, err := p.hash(ctx, password)
	if err != nil {
		return "", err
	}
	ok, err := p.store.SetFirstPassword(ctx, actor, account.ID, hash)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", ErrHasPassword
	}
	return password, nil
}

// ErrHasPassword says that an account needs no first password.
var ErrHasPassword = flomastr.Errorf(flomastr.Conflict, "password_set", "The account has a password already.")

// networkOf groups an IPv6 address with its /64, which one party holds whole.
func networkOf(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}

// deviceOf is a browser's own words, in one short line.
func deviceOf(userAgent string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' { // header values are ASCII; cutting them cannot split a letter
			return -1
		}
		return r
	}, userAgent)
	return clean[:min(len(clean), maxDevice)]
}

const maxDevice = 200

// fingerprint keeps addresses of people out of the counters' keys.
func fingerprint(s string) string {
	digest := sha256.Sum256([]byte("flomastr sign-in\x00" + s))
	return base64.RawURLEncoding.EncodeToString(digest[:18])
}

// NewPassword makes a password that nobody guesses and a person can type: five groups of five letters and digits.
func NewPassword() string {
	text := strings.ToLower(rand.Text()[:25])
	groups := make([]string, 0, 5)
	for i := 0; i < len(text); i += 5 {
		groups = append(groups, text[i:i+5])
	}
	return strings.Join(groups, "-")
}
