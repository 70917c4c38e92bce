package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/flomastr/flomastr"
)

type mailNoun struct{}

// ID names a kept mail.
type ID = flomastr.ID[mailNoun]

// Kept is a mail that was kept instead of sent.
type Kept struct {
	ID     ID
	Tenant flomastr.TenantID
	Kind   Kind
	To     string
	At     time.Time
	Sealed []byte // the Message, readable for the holder of the master key alone: it holds a link that is a right
}

// ErrNoMail says that there is no such mail.
var ErrNoMail = flomastr.Errorf(flomastr.NotFound, "not_found", "There is nothing here, or it is not yours to see.")

// KeepStore keeps mails for a week.
type KeepStore interface {
	Keep(ctx context.Context, mail Kept) error
	// KeptMails lists the newest first; before is the last id of the page before, or zero.
	KeptMails(ctx context.Context, before ID, limit int) ([]Kept, error)
	// KeptMail answers ErrNoMail for none.
	KeptMail(ctx context.Context, id ID) (Kept, error)
}

// Sealer keeps what is kept unreadable in the database; secret.Keyring is one.
type Sealer interface {
	Seal(tenant, table, column string, plaintext []byte) ([]byte, error)
	Open(tenant, table, column string, sealed []byte) ([]byte, error)
}

// Keeper is the carrier of an installation without a mail server: its operator reads the mails in the app.
type Keeper struct {
	store KeepStore
	seal  Sealer
}

// NewKeeper makes the keeper.
func NewKeeper(store KeepStore, seal Sealer) *Keeper { return &Keeper{store, seal} }

var _ Carrier = (*Keeper)(nil)

// Carry keeps the mail.
func (k *Keeper) Carry(ctx context.Context, message Message) error {
	id := flomastr.NewID[ID]()
	content, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("keep a mail: %w", err)
	}
	sealed, err := k.seal.Seal("", "kept_mails", "sealed/"+id.String(), content)
	if err != nil {
		return fmt.Errorf("keep a mail: %w", err)
	}
	return k.store.Keep(ctx, Kept{ID: id, Tenant: message.Tenant, Kind: message.Kind, To: message.To, Sealed: sealed})
}

// List gives a page of what is kept, newest first, without the contents.
func (k *Keeper) List(ctx context.Context, before ID, limit int) ([]Kept, error) {
	return k.store.KeptMails(ctx, before, limit)
}

// Read opens one kept mail.
func (k *Keeper) Read(ctx context.Context, id ID) (Kept, Message, error) {
	kept, err := k.store.KeptMail(ctx, id)
	if err != nil {
		return Kept{}, Message{}, err
	}
	content, err := k.seal.Open("", "kept_mails", "sealed/"+id.String(), kept.Sealed)
	if err != nil {
		return Kept{}, Message{}, fmt.Errorf("open a kept mail: %w", err)
	}
	var message Message
	if err := json.Unmarshal(content, &message); err != nil {
		return Kept{}, Message{}, fmt.Errorf("open a kept mail: %w", err)
	}
	return kept, message, nil
}
