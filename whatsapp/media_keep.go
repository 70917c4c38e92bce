package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/flomastr/flomastr"
)

// MediaKeepStore deletes files whose messages are past their retention.
type MediaKeepStore interface {
	// ExpireMedia deletes at most limit of the media whose messages are from before a time, and of the uploads that nobody has sent
	// for [UploadUseful], and tells how many.
	ExpireMedia(ctx context.Context, tenant flomastr.TenantID, before time.Time, limit int) (int, error)
	// SettleForsaken ends at most limit of the media that nothing has happened to since a time, as failed, and the readings that
	// nobody finished, and tells how many.
	SettleForsaken(ctx context.Context, tenant flomastr.TenantID, before time.Time, limit int) (int, error)
	// DropUnusedFiles deletes at most limit of the files that no medium points to any more, and queues the deleting of their
	// bytes in the same commit.
	DropUnusedFiles(ctx context.Context, tenant flomastr.TenantID, limit int) (int, error)
}

// forsakenAfter is how long a file may be fetched and read: its last try is an hour after the first, and a try whose server
// died is found after another. What is pending for longer has lost its job.
const forsakenAfter = 24 * time.Hour

// media ends what was begun and forsaken, and deletes the files of messages past their retention, wherever those lie, and what else nobody points to: a file whose
// message was taken back, or whose channel was deleted.
func (k *Keeper) media(ctx context.Context, t Keeping) error {
	if _, err := counted(func() (int, error) {
		return k.store.SettleForsaken(ctx, t.Tenant, k.clock().Add(-forsakenAfter), expireBatch)
	}); err != nil {
		return fmt.Errorf("settle forsaken media: %w", err)
	}
	before := k.clock().Add(-t.Retention)
	media, err := counted(func() (int, error) { return k.store.ExpireMedia(ctx, t.Tenant, before, expireBatch) })
	if err != nil {
		return fmt.Errorf("expire media: %w", err)
	}
	files, err := counted(func() (int, error) { return k.store.DropUnusedFiles(ctx, t.Tenant, expireBatch) })
	if err != nil {
		err = fmt.Errorf("drop unused files: %w", err)
	}
	if media == 0 && files == 0 {
		return err
	}
	return errors.Join(err, k.store.NoteKeeping(ctx, t.Tenant, "media.expired", map[string]string{
		"received_before": before.UTC().Format(time.RFC3339), "media": strconv.Itoa(media), "files": strconv.Itoa(files),
	}))
}

// counted drains a batch and tells how much it was.
func counted(batch func() (int, error)) (all int, err error) {
	err = drain(func() (int, error) {
		n, err := batch()
		all += n
		return n, err
	})
	return all, err
}
