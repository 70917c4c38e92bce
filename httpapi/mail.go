package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/mail"
)

// KeptMails are the mails of an installation without a mail server.
type KeptMails interface {
	List(ctx context.Context, before mail.ID, limit int) ([]mail.Kept, error)
	Read(ctx context.Context, id mail.ID) (mail.Kept, mail.Message, error)
}

type keptMailBody struct {
	ID     mail.ID            `json:"id" format:"uuid"`
	Tenant *flomastr.TenantID `json:"tenant_id,omitempty" format:"uuid" doc:"Whose look it has; none is the platform's"`
	Kind   string             `json:"kind" enum:"invitation,reset"`
	To     string             `json:"to"`
	At     time.Time          `json:"created_at"`
}

func keptMailOut(m mail.Kept) keptMailBody {
	body := keptMailBody{ID: m.ID, Kind: string(m.Kind), To: m.To, At: m.At.UTC()}
	if !m.Tenant.IsZero() {
		body.Tenant = &m.Tenant
	}
	return body
}

type mailListInput struct {
	PageCursor
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type mailListOutput struct {
	Body struct {
		Mails      []keptMailBody `json:"mails"`
		NextCursor string         `json:"next_cursor,omitempty" doc:"None on the last page"`
	}
}

func (o *mailListOutput) next() *string { return &o.Body.NextCursor }

func (a *API) mailList(ctx context.Context, _ Call, in *mailListInput) (*mailListOutput, error) {
	if a.deps.KeptMails == nil {
		return nil, identity.ErrNotFound
	}
	var before mail.ID
	if in.Cursor != "" {
		var err error
		if before, err = flomastr.ParseID[mail.ID](in.Cursor); err != nil {
			return nil, badPlace(err)
		}
	}
	page, err := a.deps.KeptMails.List(ctx, before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &mailListOutput{}
	if len(page) > in.Limit {
		page = page[:in.Limit]
		out.Body.NextCursor = page[in.Limit-1].ID.String()
	}
	out.Body.Mails = []keptMailBody{}
	for _, m := range page {
		out.Body.Mails = append(out.Body.Mails, keptMailOut(m))
	}
	return out, nil
}

type mailGetOutput struct {
	Body struct {
		keptMailBody
		From     string `json:"from"`
		FromName string `json:"from_name"`
		Subject  string `json:"subject"`
		Text     string `json:"text"`
		HTML     string `json:"html" doc:"Show it in a sandboxed frame only"`
	}
}

func (a *API) mailGet(ctx context.Context, _ Call, in *struct {
	ID string `path:"id" maxLength:"36"`
},
) (*mailGetOutput, error) {
	id, err := flomastr.ParseID[mail.ID](in.ID)
	if err != nil || a.deps.KeptMails == nil {
		return nil, identity.ErrNotFound
	}
	kept, message, err := a.deps.KeptMails.Read(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &mailGetOutput{}
	out.Body.keptMailBody = keptMailOut(kept)
	out.Body.From, out.Body.FromName, out.Body.Subject, out.Body.Text, out.Body.HTML = message.From, message.FromName, message.Subject, message.Text, message.HTML
	return out, nil
}
