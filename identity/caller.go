package identity

import (
	"slices"
	"time"

	"github.com/flomastr/flomastr"
)

// Kind says how a caller is known.
type Kind string

// The kinds of caller.
const (
	Anonymous Kind = "anonymous"
	User      Kind = "user"     // a person, by a JWT
	Token     Kind = "token"    // a service of one tenant, by its API token
	Platform  Kind = "platform" // whoever holds the platform's token
)

// Caller is who sent a request. The zero value is nobody.
type Caller struct {
	Kind Kind

	// A person.
	Issuer        string
	Subject       string // the issuer's own id for the person, at most 255 bytes
	Email         string
	EmailVerified bool
	Session       string    // the issuer's id of the sign-in; may be empty
	AuthTime      time.Time // when the person last proved who they are; zero if unknown
	Expires       time.Time // when the token ends
	// Set by the Authenticator alone.
	SuperAdmin    bool
	PlatformAdmin bool   // may read the platform's pages
	Visit         *Visit // the visit that runs in this session; in a call, only if the call is made by its right

	// A service.
	TokenID     flomastr.TokenID
	TokenTenant flomastr.TenantID
	Scopes      []Scope
}

// Known tells whether the caller is anybody.
func (c Caller) Known() bool { return c.Kind != "" && c.Kind != Anonymous }

// Person tells whether the caller is a person.
func (c Caller) Person() bool { return c.Kind == User }

// IsService tells whether the caller is a token rather than a person.
func (c Caller) IsService() bool { return c.Kind == Token || c.Kind == Platform }

// Actor is the caller's name in the audit log.
func (c Caller) Actor() flomastr.Actor {
	switch c.Kind {
	case User:
		if c.Visit != nil {
			return VisitorActor(c.Issuer, c.Subject, c.Visit.ID)
		}
		return PersonActor(c.Issuer, c.Subject)
	case Token:
		return flomastr.Actor("token:" + c.TokenID.String())
	case Platform:
		return flomastr.ActorPlatform
	default:
		return flomastr.ActorAnonymous
	}
}

// PersonActor is a person's name in the audit log.
func PersonActor(issuer, subject string) flomastr.Actor {
	return flomastr.Actor("user:" + issuer + "|" + subject)
}

// VisitorActor is the name of a super admin who acts in a tenant by the right of a visit: the person's and the visit's.
func VisitorActor(issuer, subject string, visit flomastr.VisitID) flomastr.Actor {
	return PersonActor(issuer, subject) + flomastr.Actor(" visit:"+visit.String())
}

// Has tells whether a service may use a scope. The platform's token has every one.
func (c Caller) Has(scope Scope) bool {
	if c.Kind == Platform {
		return true
	}
	return slices.Contains(c.Scopes, scope)
}
