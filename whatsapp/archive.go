package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/flomastr/flomastr"
)

// ArchiveStore moves messages from the hot database to the tenant's cold one.
type ArchiveStore interface {
	// IdleConversations lists conversations whose last message is from before a time, with messages that are not archived
	// and nothing under way, the longest idle first, after the given one.
	IdleConversations(ctx context.Context, tenant flomastr.TenantID, before time.Time, after Idle, limit int) ([]Idle, error)
	// ReadHot gives a conversation's oldest messages that are still hot, whole.
	ReadHot(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, limit int) ([]Archived, error)
	// SaveArchived writes messages to the archive, over what is there of them.
	SaveArchived(ctx context.Context, tenant flomastr.TenantID, messages []Archived) error
	// ReadArchived gives what the archive holds of messages, by id.
	ReadArchived(ctx context.Context, tenant flomastr.TenantID, ids []flomastr.MessageID) (map[flomastr.MessageID]Archived, error)
	// DropHot deletes messages that are archived and notes how far the archive reaches. ErrNotIdle leaves everything as it
	// is: the conversation has news, or one of the messages is not what it was.
	DropHot(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, before time.Time, messages []Archived) error
	// ChangeArchived does to a message in the archive what one that is still hot says of it, once however often it is asked. It
	// leaves everything as it is when either is gone, or when it is not the writer's own to change.
	ChangeArchived(ctx context.Context, tenant flomastr.TenantID, target, by flomastr.MessageID) error
	// MarkArchived notes that no message of the conversation is hot.
	MarkArchived(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, before time.Time) error
}

// Idle is a conversation that nobody has written in since.
type Idle struct {
	ID    flomastr.ConversationID
	Since time.Time
}

// Archived is a message with everything that is kept of it, in forms that compare.
type Archived struct {
	ID             flomastr.MessageID
	Seq            int64
	Conversation   flomastr.ConversationID
	Direction      string
	Speaker        string
	Type           string
	Text           string
	MediaURL       string
	ProviderID     string
	ProviderMicros int64 // the provider's time
	Job            string
	Author         string
	State          string
	Problem        string
	Decision       string // JSON, or empty
	Raw            string
	Target         string
	Details        string // JSON, or empty
	Events         string // JSON: what the provider reported
}

// ChangeArchivedArgs is the job that changes a message in the archive: hot and cold share no commit, so the reaction, edit or
// revocation is stored first.
type ChangeArchivedArgs struct {
	Tenant flomastr.TenantID  `json:"tenant_id"`
	Target flomastr.MessageID `json:"target"`
	By     flomastr.MessageID `json:"by"`
}

// Kind names the job in the queue.
func (ChangeArchivedArgs) Kind() string { return "conversations.change_archived" }

// ChangeArchived does the job.
func (k *Keeper) ChangeArchived(ctx context.Context, args ChangeArchivedArgs) error {
	if err := k.store.ChangeArchived(ctx, args.Tenant, args.Target, args.By); err != nil {
		return fmt.Errorf("change an archived message: %w", err)
	}
	return nil
}

// ErrNotIdle is a conversation that has become busy while it was being archived. It stays; a later run takes it.
var ErrNotIdle = errors.New("the conversation is not idle any more")

var errArchiveDiffers = errors.New("the archive does not hold what was written to it")

const (
	archivePage  = 100 // conversations
	archiveBatch = 200 // messages
)

// archive moves the messages of idle conversations to the tenant's cold database.
func (k *Keeper) archive(ctx context.Context, t Keeping) error {
	if !t.Archive {
		return nil
	}
	before := k.clock().Add(-t.HotFor)
	var conversations, messages int
	var all error
	var last Idle
	for {
		idle, err := k.store.IdleConversations(ctx, t.Tenant, before, last, archivePage)
		if err != nil {
			return errors.Join(all, fmt.Errorf("list idle conversations: %w", err))
		}
		for _, c := range idle {
			moved, err := k.move(ctx, t.Tenant, c.ID, before)
			messages += moved
			switch {
			case errors.Is(err, ErrNotIdle):
			case err != nil:
				all = errors.Join(all, fmt.Errorf("archive conversation %s: %w", c.ID, err))
			default:
				conversations++
			}
		}
		if len(idle) < archivePage || ctx.Err() != nil {
			break
		}
		last = idle[len(idle)-1]
	}
	if messages == 0 {
		return all
	}
	return errors.Join(all, k.store.NoteKeeping(ctx, t.Tenant, "conversations.archived", map[string]string{
		"conversations": strconv.Itoa(conversations), "messages": strconv.Itoa(messages), "idle_since": before.UTC().Format(time.RFC3339),
	}))
}

// move copies, verifies and deletes, a batch at a time. Hot and cold share no commit: until the copy is proved to be there
// the hot rows stay, and a copy that a crash left behind is written again.
func (k *Keeper) move(ctx context.Context, tenant flomastr.TenantID, id flomastr.ConversationID, before time.Time) (moved int, err error) {
	for {
		batch, err := k.store.ReadHot(ctx, tenant, id, archiveBatch)
		if err != nil {
			return moved, fmt.Errorf("read messages: %w", err)
		}
		if len(batch) == 0 {
			return moved, k.store.MarkArchived(ctx, tenant, id, before)
		}
		if err := k.store.SaveArchived(ctx, tenant, batch); err != nil {
			return moved, fmt.Errorf("copy messages: %w", err)
		}
		ids, want := make([]flomastr.MessageID, len(batch)), map[flomastr.MessageID]Archived{}
		for i, m := range batch {
			ids[i], want[m.ID] = m.ID, m
		}
		kept, err := k.store.ReadArchived(ctx, tenant, ids)
		if err != nil {
			return moved, fmt.Errorf("verify messages: %w", err)
		}
		if !maps.Equal(kept, want) {
			return moved, errArchiveDiffers
		}
		if err := k.store.DropHot(ctx, tenant, id, before, batch); err != nil {
			return moved, fmt.Errorf("delete archived messages: %w", err)
		}
		moved += len(batch)
	}
}
