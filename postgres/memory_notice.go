package postgres

import (
	"context"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/memory"
	"github.com/flomastr/flomastr/whatsapp"
)

// notice makes a job of each message that says something of its sender. What asks not to be written to is not looked at.
func (b *intakeBatch) notice(ctx context.Context, fresh []int) error {
	for _, i := range fresh {
		in := b.intake[i].Inbound
		if !in.Notice || in.Direction != whatsapp.In || b.heeded[i] {
			continue
		}
		if err := b.db.Enqueue(ctx, b.tx, memory.NoticeArgs{Tenant: b.tenant, Message: in.Message}, nil); err != nil {
			return err
		}
	}
	return nil
}

// noticeAnew forgets what came from a message that was taken back or says something else now, and looks at the new words.
func (b *intakeBatch) noticeAnew(ctx context.Context, message flomastr.MessageID, edited bool) error {
	if err := forgetMessage(ctx, b.tx, b.tenant, message); err != nil || !edited {
		return err
	}
	return b.db.Enqueue(ctx, b.tx, memory.NoticeArgs{Tenant: b.tenant, Message: message}, nil)
}
