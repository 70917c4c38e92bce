package tenant

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Report says what was erased of a tenant, and how it was made sure that nothing is left.
type Report struct {
	Version     int       `json:"version"`
	ErasureID   string    `json:"erasure_id"`
	TenantID    string    `json:"tenant_id"`
	TenantSlug  string    `json:"tenant_slug"`
	RequestedBy string    `json:"requested_by"`
	Reason      string    `json:"reason"`
	StartedAt   time.Time `json:"started_at"`
	FinishedAt  time.Time `json:"finished_at"`

	Rows           map[string]int64 `json:"rows_erased"` // by table
	BackgroundJobs int64            `json:"background_jobs_erased"`
	Files          int64            `json:"files_erased"`

	Scan             Scan  `json:"scan"`
	ColdDatabaseLeft bool  `json:"cold_database_left"` // the tenant's own database or its login
	FilesLeft        int64 `json:"files_left"`

	// Kept is what is not the tenant's and stays.
	Kept []string `json:"kept"`
}

// Scan is a search of every table for a tenant that is gone.
type Scan struct {
	Tables  []string         `json:"tables_searched"`
	Matches map[string]int64 `json:"rows_that_mention_it"` // by table; empty when nothing is left
}

// Clean tells whether nothing is left.
func (r Report) Clean() bool {
	return len(r.Scan.Matches) == 0 && !r.ColdDatabaseLeft && r.FilesLeft == 0
}

func reportOf(e Erasure, now time.Time) Report {
	return Report{
		Version: 1, ErasureID: e.ID.String(), TenantID: e.Tenant.String(), TenantSlug: e.Slug, RequestedBy: e.RequestedBy, Reason: e.Reason,
		StartedAt: e.StartedAt.UTC(), FinishedAt: now.UTC(), Rows: e.Rows,
		Kept: []string{
			"this report", "the lines of the platform's audit log about the erasure",
			"sign-in accounts: they are their persons', and may belong to other workspaces",
			"backups made before, until they expire",
		},
	}
}

type signedReport struct {
	Report    json.RawMessage `json:"report"`
	Signature signature       `json:"signature"`
}

type signature struct {
	Algorithm string `json:"algorithm"`
	PublicKey string `json:"public_key"` // base64
	Value     string `json:"value"`      // base64, over the report's JSON without insignificant space
}

// ErrSignature says that a report was not signed by a key that is trusted, or was changed since.
var ErrSignature = errors.New("the report was changed, or another installation signed it")

// signedWith is put before what is signed, so that a signature of ours never means anything else.
const signedWith = "flomastr erasure report\n"

// Sign gives the report's JSON with a signature that [VerifyReport] accepts.
func (r Report) Sign(key ed25519.PrivateKey) ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write the erasure report: %w", err)
	}
	if len(key) != ed25519.PrivateKeySize {
		return nil, errors.New("sign the erasure report: no key")
	}
	public, _ := key.Public().(ed25519.PublicKey) // it is one by construction
	b64 := base64.StdEncoding.EncodeToString
	return json.MarshalIndent(signedReport{Report: body, Signature: signature{
		Algorithm: "Ed25519", PublicKey: b64(public), Value: b64(ed25519.Sign(key, append([]byte(signedWith), body...))),
	}}, "", "  ")
}

// VerifyReport reads a signed report and checks that one of the trusted keys signed exactly this.
func VerifyReport(file []byte, trusted ...ed25519.PublicKey) (Report, error) {
	var signed signedReport
	if err := json.Unmarshal(file, &signed); err != nil {
		return Report{}, fmt.Errorf("read the erasure report: %w", err)
	}
	value, err := base64.StdEncoding.DecodeString(signed.Signature.Value)
	if err != nil {
		return Report{}, ErrSignature
	}
	body := bytes.NewBufferString(signedWith)
	if err := json.Compact(body, signed.Report); err != nil {
		return Report{}, fmt.Errorf("read the erasure report: %w", err)
	}
	for _, key := range trusted {
		if !ed25519.Verify(key, body.Bytes(), value) {
			continue
		}
		var report Report
		if err := json.Unmarshal(signed.Report, &report); err != nil {
			return Report{}, fmt.Errorf("read the erasure report: %w", err)
		}
		return report, nil
	}
	return Report{}, ErrSignature
}
