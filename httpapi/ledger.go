package httpapi

import (
	"context"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

type ledgerLine struct {
	MessageID         flomastr.MessageID      `json:"message_id" format:"uuid"`
	ProviderMessageID string                  `json:"provider_message_id"`
	ConversationID    flomastr.ConversationID `json:"conversation_id" format:"uuid"`
	ChannelID         flomastr.ChannelID      `json:"channel_id" format:"uuid"`
	Type              string                  `json:"type"`
	ReceivedAt        time.Time               `json:"received_at"`
	End               string                  `json:"end" enum:"waiting,answered,handed_over,suppressed,silent,unknown,failed"`
	Reason            string                  `json:"reason,omitempty" doc:"A sentence, where there is one"`
	JobID             *flomastr.JobID         `json:"job_id,omitempty" format:"uuid"`
	EndedAt           *time.Time              `json:"ended_at,omitempty"`
}

type ledgerInput struct {
	TenantIDPath
	End   string `query:"end" enum:"waiting,answered,handed_over,suppressed,silent,unknown,failed"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	PageCursor
}

type ledgerOutput struct {
	Body struct {
		Messages   []ledgerLine `json:"messages"`
		NextCursor string       `json:"next_cursor,omitempty"`
	}
}

func (o *ledgerOutput) next() *string { return &o.Body.NextCursor }

// ledger tells what became of each message that customers sent, the newest first, without its words.
func (a *API) ledger(ctx context.Context, call Call, in *ledgerInput) (*ledgerOutput, error) {
	lines, next, err := a.deps.WhatsApp.Ledger(ctx, call.Tenant.ID, whatsapp.LedgerPage{Limit: in.Limit, Cursor: in.Cursor, End: whatsapp.End(in.End)})
	if err != nil {
		return nil, err
	}
	out := &ledgerOutput{}
	out.Body.NextCursor, out.Body.Messages = next, make([]ledgerLine, len(lines))
	for i, l := range lines {
		line := ledgerLine{
			MessageID: l.Message, ProviderMessageID: l.ProviderID, ConversationID: l.Conversation, ChannelID: l.Channel, Type: l.Type,
			ReceivedAt: l.ReceivedAt, End: string(l.End), Reason: l.Reason,
		}
		if !l.Job.IsZero() {
			line.JobID = &l.Job
		}
		if !l.EndedAt.IsZero() {
			line.EndedAt = &l.EndedAt
		}
		out.Body.Messages[i] = line
	}
	return out, nil
}
