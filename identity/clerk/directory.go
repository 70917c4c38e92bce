package clerk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
)

const (
	// believedFor is how long Clerk's answer about a person is believed: no longer than its token lives.
	believedFor = time.Minute
	// pauseFor is how long Clerk is not asked again about a person after it did not answer.
	pauseFor    = 10 * time.Second
	askFor      = 3 * time.Second
	maxUserBody = 256 << 10
	maxPeople   = 10_000
)

// DirectoryConfig is what a [Directory] needs.
type DirectoryConfig struct {
	Verifier  identity.TokenVerifier
	Issuer    string // Clerk's; other issuers' tokens pass through
	APIURL    string // https://api.clerk.com, or a stand-in's
	SecretKey string // "" asks nobody: then a person has the address that the token has
	Client    *http.Client
	Clock     flomastr.Clock
	Log       *slog.Logger
}

// Directory is a verifier that completes Clerk's tokens with the person's e-mail address. It is safe for concurrent use.
type Directory struct {
	cfg     DirectoryConfig
	flights singleflight.Group

	mu   sync.Mutex
	kept map[string]entry
}

type entry struct {
	email    string
	verified bool
	banned   bool
	away     bool // Clerk did not answer
	until    time.Time
}

// NewDirectory makes a directory.
func NewDirectory(cfg DirectoryConfig) *Directory {
	return &Directory{cfg: cfg, kept: map[string]entry{}}
}

var _ identity.TokenVerifier = (*Directory)(nil)

// Verify checks a token and completes it. When Clerk cannot be asked, the person has no address: fewer rights, never more.
func (d *Directory) Verify(ctx context.Context, token string) (identity.Caller, error) {
	caller, err := d.cfg.Verifier.Verify(ctx, token)
	if err != nil {
		return identity.Caller{}, err
	}
	if caller.Issuer != d.cfg.Issuer || d.cfg.SecretKey == "" || caller.Email != "" && caller.EmailVerified || !userID.MatchString(caller.Subject) {
		return caller, nil
	}
	found, err := d.find(ctx, caller.Subject)
	switch {
	case err != nil:
		d.cfg.Log.WarnContext(ctx, "ask Clerk for a person's address", "error", err)
		caller.Email, caller.EmailVerified = "", false
		return caller, nil
	case found.banned:
		return identity.Caller{}, identity.ErrBadToken.Because(errors.New("banned or deleted at Clerk"))
	}
	caller.Email, caller.EmailVerified = found.email, found.verified
	return caller, nil
}

var errAway = errors.New("no answer from Clerk")

// find looks in what is remembered, else asks Clerk, once for everybody who waits for the same person.
func (d *Directory) find(ctx context.Context, subject string) (entry, error) {
	found, ok := d.look(subject)
	if !ok {
		asked := d.flights.DoChan(subject, func() (any, error) {
			if known, ok := d.look(subject); ok {
				return known, nil // another flight landed after we looked
			}
			// It outlives the request that caused it: others wait for it too.
			asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), askFor)
			defer cancel()
			return d.ask(asking, subject)
		})
		select {
		case answer := <-asked:
			found, _ = answer.Val.(entry)
			if answer.Err != nil {
				return entry{}, answer.Err
			}
		case <-ctx.Done():
			return entry{}, ctx.Err()
		}
	}
	if found.away {
		return entry{}, errAway
	}
	return found, nil
}

func (d *Directory) look(subject string) (entry, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.kept[subject]
	return found, ok && d.cfg.Clock().Before(found.until)
}

// ask fetches one person and remembers the answer, and shortly that there was none.
func (d *Directory) ask(ctx context.Context, subject string) (entry, error) {
	found, err := d.fetch(ctx, subject)
	now := d.cfg.Clock()
	found.until = now.Add(believedFor)
	if err != nil {
		found = entry{away: true, until: now.Add(pauseFor)}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.kept) >= maxPeople {
		clear(d.kept) // only verified people are asked for, so this is rare; the next requests ask again
	}
	d.kept[subject] = found
	return found, err
}

func (d *Directory) fetch(ctx context.Context, subject string) (entry, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.cfg.APIURL+"/v1/users/"+url.PathEscape(subject), nil)
	if err != nil {
		return entry{}, fmt.Errorf("ask Clerk: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+d.cfg.SecretKey)
	req.Header.Set("Accept", "application/json")
	res, err := d.cfg.Client.Do(req)
	if err != nil {
		return entry{}, fmt.Errorf("ask Clerk: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusNotFound {
		return entry{banned: true}, nil // deleted since the token was made
	}
	if res.StatusCode != http.StatusOK {
		return entry{}, fmt.Errorf("ask Clerk: status %d", res.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxUserBody))
	if err != nil {
		return entry{}, fmt.Errorf("ask Clerk: %w", err)
	}
	u, err := readUser(raw)
	if err != nil {
		return entry{}, err
	}
	if u.ID != subject {
		return entry{}, errors.New("ask Clerk: it answered about another person")
	}
	found := entry{banned: u.Banned}
	found.email, found.verified = u.email()
	return found, nil
}
