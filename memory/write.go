package memory

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
)

// Facts lists everything that is and was remembered of a person, the last said first, and since when what is sensitive may be kept;
// zero: it may not.
func (e *Engine) Facts(ctx context.Context, tenant flomastr.TenantID, contact flomastr.ContactID) (list []Fact, sensitive time.Time, err error) {
	past, err := e.deps.Store.Past(ctx, tenant, contact, 0)
	if err != nil {
		return nil, time.Time{}, err
	}
	list, err = e.deps.Store.Facts(ctx, tenant, contact)
	return list, past.Sensitive, err
}

// Note keeps what a member of the business writes down of a person. What is sensitive needs the person's consent, ErrNoConsent.
func (e *Engine) Note(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, d Draft) (Fact, error) {
	d, err := e.checked(d)
	if err != nil {
		return Fact{}, err
	}
	if d.Sensitive {
		past, err := e.deps.Store.Past(ctx, tenant, contact, 0)
		if err != nil {
			return Fact{}, err
		}
		if past.Sensitive.IsZero() {
			return Fact{}, ErrNoConsent
		}
	}
	d.Confidence = 1
	return e.deps.Store.Note(ctx, tenant, by, contact, d)
}

// checked makes one line of each field. Subjects that the rules know to be sensitive are so whoever writes them.
func (e *Engine) checked(d Draft) (Draft, error) {
	d.Subject, d.Text = key(d.Subject), tidy(d.Text)
	switch {
	case d.Subject == "":
		return d, flomastr.Errorf(flomastr.Invalid, "invalid_subject", "Say what it is about.").Field("body.subject", "must not be empty")
	case d.Text == "":
		return d, flomastr.Errorf(flomastr.Invalid, "invalid_text", "Say what is to be remembered.").Field("body.text", "must not be empty")
	}
	for _, r := range e.rules {
		if r.sensitive && r.subject != "diet" && (d.Subject+": " == r.subject || len(d.Subject) > len(r.subject) && d.Subject[:len(r.subject)] == r.subject) {
			d.Sensitive = true
		}
	}
	return d, nil
}

// Correct gives a memory that holds another text. The old one is kept as past.
func (e *Engine) Correct(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, id flomastr.MemoryID, text string) (Fact, error) {
	if text = tidy(text); text == "" {
		return Fact{}, flomastr.Errorf(flomastr.Invalid, "invalid_text", "Say what is to be remembered.").Field("body.text", "must not be empty")
	}
	return e.deps.Store.Correct(ctx, tenant, by, contact, id, text)
}

// Erase deletes a memory.
func (e *Engine) Erase(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, id flomastr.MemoryID) error {
	return e.deps.Store.Erase(ctx, tenant, by, contact, id)
}

// EraseAll deletes everything that is remembered of a person.
func (e *Engine) EraseAll(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID) error {
	return e.deps.Store.EraseAll(ctx, tenant, by, contact)
}

// Consent records that a person agrees that what is sensitive is kept, with the proof, or that they do not any more, which deletes it.
func (e *Engine) Consent(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, contact flomastr.ContactID, given bool, proof string) (since time.Time, err error) {
	if proof = tidy(proof); given && proof == "" {
		return since, flomastr.Errorf(flomastr.Invalid, "invalid_proof", "Say how the customer agreed.").Field("body.proof", "must not be empty")
	}
	return e.deps.Store.Consent(ctx, tenant, by, contact, given, proof)
}
