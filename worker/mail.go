package worker

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/mail"
)

// Mail writes and sends mails.
type Mail interface {
	Send(ctx context.Context, letter mail.Letter) error
}

// Team knows what an invitation's mail has to say.
type Team interface {
	InvitationLetter(ctx context.Context, args identity.InvitationMailArgs) (identity.Letter, error)
	NoteMail(ctx context.Context, args identity.InvitationMailArgs, letter identity.Letter, state identity.MailState) error
}

// Accounts makes the link to choose a new password.
type Accounts interface {
	ResetLetter(ctx context.Context, args identity.ResetMailArgs) (identity.Letter, error)
}

const mailTimeout = time.Minute

// mailInvitation sends the mail of an invitation. The queue tries again what may pass; a server that refuses for good ends
// the job at once, and either end is noted where people see it.
func (e Engines) mailInvitation(ctx context.Context, job *river.Job[identity.InvitationMailArgs]) error {
	letter, err := e.Team.InvitationLetter(ctx, job.Args)
	if errors.Is(err, identity.ErrInvitation) {
		return nil // accepted, revoked or sent meanwhile
	}
	if err == nil {
		err = e.Mail.Send(ctx, letterOf(mail.Invitation, letter))
	}
	// What has come of the mail must be noted although the job's time is over.
	note := context.WithoutCancel(ctx)
	switch {
	case err == nil:
		return e.Team.NoteMail(note, job.Args, letter, identity.MailSent)
	case errors.Is(err, mail.ErrRefused):
		return errors.Join(river.JobCancel(err), e.Team.NoteMail(note, job.Args, letter, identity.MailFailed))
	case job.Attempt >= job.MaxAttempts:
		return errors.Join(err, e.Team.NoteMail(note, job.Args, letter, identity.MailFailed))
	default:
		return err
	}
}

// mailReset sends a link to choose a new password, if the address has an account. Each try makes a link of its own; one that
// was mailed twice is good until either is used.
func (e Engines) mailReset(ctx context.Context, job *river.Job[identity.ResetMailArgs]) error {
	letter, err := e.Accounts.ResetLetter(ctx, job.Args)
	if errors.Is(err, identity.ErrNoAccount) {
		return nil
	}
	if err == nil {
		err = e.Mail.Send(ctx, letterOf(mail.Reset, letter))
	}
	if errors.Is(err, mail.ErrRefused) {
		return river.JobCancel(err)
	}
	return err
}

func letterOf(kind mail.Kind, l identity.Letter) mail.Letter {
	return mail.Letter{Kind: kind, Language: l.Language, Tenant: l.Tenant, To: l.To, Link: l.Link, Until: l.Until}
}
