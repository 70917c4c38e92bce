package whatsapp

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// UploadUseful is how long an uploaded file waits to be sent. A message that sends it keeps it from then on, as long as
// itself is kept.
const UploadUseful = 24 * time.Hour

// Upload is a file on its way to being sent, in a temporary file. The caller closes it.
type Upload struct {
	kind  MediaKind
	name  string
	taken *takenFile
}

// SHA256 is the content's hash, in hex.
func (u *Upload) SHA256() string { return hex.EncodeToString(u.taken.file.SHA256[:]) }

// Close forgets the temporary file.
func (u *Upload) Close() error {
	u.taken.remove()
	return nil
}

// TakeUpload reads a file that somebody wants to send. As is what it is to be to the customer; empty: what it is. What
// WhatsApp, or the tenant's policy, does not take is refused.
func (e *Engine) TakeUpload(ctx context.Context, tenant flomastr.TenantID, as MediaKind, filename string, body io.Reader) (*Upload, error) {
	limit, err := e.store.MediaLimit(ctx, tenant)
	if err != nil {
		return nil, err
	}
	taken, err := takeFile(provider.MediaFile{Body: io.NopCloser(body), Size: -1}, min(limit, as.limit()))
	if err != nil {
		return nil, refusedUpload(err)
	}
	u := &Upload{kind: as, name: provider.Truncate(provider.CleanName(filename), 240), taken: taken}
	if u.kind == "" {
		u.kind = naturalKind(taken.kind)
	}
	if err = taken.rewind(); err == nil {
		err = sendable(u.kind, taken.kind, taken.file.Size, taken.temp)
	}
	if err != nil {
		return nil, errors.Join(err, u.Close())
	}
	return u, nil
}

// KeepUpload has a file checked for malware and keeps it until it is sent, or for [UploadUseful].
func (e *Engine) KeepUpload(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, u *Upload) (Attached, error) {
	var err error
	if u.taken.file.Scan, err = e.scan(ctx, u.taken); err != nil {
		return Attached{}, refusedUpload(err)
	}
	id := flomastr.NewID[flomastr.MediaID]()
	if err := e.store.AddUpload(ctx, tenant, Attached{
		ID: id, Kind: u.kind, DeclaredType: u.taken.file.Type, Filename: u.name, State: MediaPending, Reading: ReadingNone, UploadedBy: by,
	}); err != nil {
		return Attached{}, err
	}
	if err := e.keepFile(ctx, tenant, id, u.taken); err != nil {
		return Attached{}, err
	}
	return e.store.Attached(ctx, tenant, id)
}

// refusedUpload says to whoever uploads what is said of a customer's file by its state.
func refusedUpload(err error) error {
	final, ok := errors.AsType[*mediaErr](err)
	switch {
	case errors.Is(err, errScan):
		return ErrUnscanned.Because(err)
	case !ok:
		return err
	case final.reason == MediaTooLarge:
		return ErrFileTooLarge
	case final.reason == MediaEmpty:
		return ErrFileEmpty
	case final.reason == MediaInfected:
		return ErrFileInfected.Because(err)
	}
	return err
}
