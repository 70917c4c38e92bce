package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// demoFile is what a script needs to drive the demo. The seeding writes it, with its secrets, as demo.json in the data
// directory; nobody but the installation's own user can read it.
type demoFile struct {
	BaseURL       string       `json:"base_url"`
	EngineURL     string       `json:"engine_url"`
	SuperAdmin    demoSignIn   `json:"super_admin"`
	Tenants       []demoTenant `json:"tenants"`
	PlatformToken string       `json:"platform_token"`
	StandIns      demoStandIns `json:"standins"`
}

type demoSignIn struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// demoTenant is one business. The first user is its owner.
type demoTenant struct {
	ID       string        `json:"id"`
	Slug     string        `json:"slug"`
	Users    []demoUser    `json:"users"`
	APIToken string        `json:"api_token"`
	Channels []demoChannel `json:"channels"`
	Seeded   bool          `json:"seeded"` // its knowledge and history were added; they are not added again
}

type demoUser struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Role     string `json:"role"`
}

type demoChannel struct {
	ID                string     `json:"id"`
	Provider          string     `json:"provider"`
	Number            string     `json:"number"`
	WebhookURL        string     `json:"webhook_url"`
	WebhookAuthHeader demoHeader `json:"webhook_auth_header"`
	APIKey            string     `json:"api_key"`                   // of the stand-in's account
	AppSecret         string     `json:"app_secret,omitempty"`      // Meta: signs webhooks
	VerifyToken       string     `json:"verify_token,omitempty"`    // Meta: shown in the test of the address
	PhoneNumberID     string     `json:"phone_number_id,omitempty"` // Meta: the number's id
	AccountID         string     `json:"account_id,omitempty"`      // Meta: the WhatsApp business account; Twilio: the account's SID, whose auth token is the key
}

type demoHeader struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// demoStandIns are the stand-ins' addresses; one that does not run is empty.
type demoStandIns struct {
	InfobipURL string `json:"infobip_url"`
	MetaURL    string `json:"meta_url"`
	TwilioURL  string `json:"twilio_url"`
	LedgerURL  string `json:"ledger_url"`
}

// demoPath is where a data directory keeps its demo file.
func demoPath(dataDir string) string { return filepath.Join(dataDir, "demo.json") }

// writeDemo replaces the demo file as a whole.
func writeDemo(dataDir string, d demoFile) error {
	content, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("write the demo file: %w", err)
	}
	tmp, err := os.CreateTemp(dataDir, ".demo-*") // 0600 by contract
	if err != nil {
		return fmt.Errorf("write the demo file: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(append(content, '\n'))
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), demoPath(dataDir))
	}
	if err != nil {
		return fmt.Errorf("write the demo file: %w", err)
	}
	return nil
}

// errNoDemo says that no demo was seeded here yet.
var errNoDemo = errors.New("there is no demo yet: start the server once without DATABASE_URL (make run)")

func readDemo(dataDir string) (demoFile, error) {
	var d demoFile
	content, err := os.ReadFile(demoPath(dataDir))
	if errors.Is(err, fs.ErrNotExist) {
		return d, errNoDemo
	}
	if err != nil {
		return d, fmt.Errorf("read the demo file: %w", err)
	}
	if err := json.Unmarshal(content, &d); err != nil {
		return d, fmt.Errorf("%s is damaged: remove it and start the server again: %w", demoPath(dataDir), err)
	}
	return d, nil
}

type demoCommand struct {
	Config
	JSON bool `name:"json" help:"Print everything, secrets too, for a script."`
}

// Run prints how to drive the demo. It refuses where there can be none: the demo's passwords must never be those of an
// installation that others can reach.
func (c *demoCommand) Run(s *surroundings, src *sources) error {
	cfg, _, err := settle(c.Config, s, src)
	if err != nil {
		return err
	}
	switch {
	case !cfg.Embedded():
		return errors.New("the demo exists only on the private database: DATABASE_URL is set")
	case !cfg.OnLoopback():
		return fmt.Errorf("the demo exists only while the server listens on loopback: FLOMASTR_LISTEN is %s", cfg.Listen)
	}
	d, err := readDemo(cfg.DataDir)
	if err != nil {
		return err
	}
	if c.JSON {
		out := json.NewEncoder(s.stdout)
		out.SetIndent("", "  ")
		return out.Encode(d)
	}
	_, err = fmt.Fprint(s.stdout, d.describe())
	return err
}

// describe is the demo for a person: where to go and how to sign in.
func (d demoFile) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "FloMastr   %s\nAPI        %s/docs\n", d.BaseURL, d.BaseURL)
	if d.StandIns.InfobipURL != "" {
		fmt.Fprintf(&b, "Simulator  %s/simulator   (a customer's phone)\n", d.BaseURL)
	}
	b.WriteString("\nSign in as\n")
	line := func(who, email, password string) { fmt.Fprintf(&b, "  %-24s %-32s %s\n", who, email, password) }
	line("platform operator", d.SuperAdmin.Email, d.SuperAdmin.Password)
	for _, t := range d.Tenants {
		for _, u := range t.Users {
			line(t.Slug+" "+u.Role, u.Email, u.Password)
		}
	}
	return b.String()
}
