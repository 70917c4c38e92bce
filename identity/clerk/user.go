package clerk

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/flomastr/flomastr/identity"
)

// user is what we read of Clerk's user object, which its Backend API and its webhooks share. A locked user is not looked
// for: the lock stops new sign-ins after wrong passwords, and whoever is in must not be thrown out by a stranger's guesses.
type user struct {
	ID             string `json:"id"`
	PrimaryEmailID string `json:"primary_email_address_id"`
	Banned         bool   `json:"banned"`
	UpdatedAt      int64  `json:"updated_at"` // milliseconds
	Emails         []struct {
		ID           string `json:"id"`
		Address      string `json:"email_address"`
		Verification *struct {
			Status string `json:"status"`
		} `json:"verification"`
	} `json:"email_addresses"`
}

var userID = regexp.MustCompile(`^user_[A-Za-z0-9]{1,200}$`)

func readUser(raw []byte) (user, error) {
	var u user
	if err := json.Unmarshal(raw, &u); err != nil {
		return user{}, fmt.Errorf("read Clerk's user: %w", err)
	}
	if !userID.MatchString(u.ID) {
		return user{}, fmt.Errorf("read Clerk's user: no usable id")
	}
	return u, nil
}

// email is the primary address in canonical form and whether Clerk has seen it verified; "" when there is none.
func (u user) email() (address string, verified bool) {
	for _, e := range u.Emails {
		if e.ID != u.PrimaryEmailID || e.ID == "" {
			continue
		}
		address, err := identity.CanonicalEmail(e.Address)
		if err != nil {
			return "", false
		}
		return address, e.Verification != nil && e.Verification.Status == "verified"
	}
	return "", false
}

func millis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
