package whatsapp

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gabriel-vasile/mimetype"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// mediaErr is an error that no further try mends: it says what becomes of the file.
type mediaErr struct {
	state  MediaState
	reason MediaReason
	cause  error
}

func (e *mediaErr) Error() string {
	if e.cause == nil {
		return string(e.state) + ": " + string(e.reason)
	}
	return fmt.Sprintf("%s: %s: %v", e.state, e.reason, e.cause)
}

func (e *mediaErr) Unwrap() error { return e.cause }

func refused(reason MediaReason) error { return &mediaErr{MediaRefused, reason, nil} }

// FetchMedia fetches a file from its provider and keeps it. It can be called again at any time; an error asks for that. What
// no further try mends is kept as the file's state and is no error.
func (e *Engine) FetchMedia(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID) error {
	a, err := e.store.Attached(ctx, tenant, id)
	if err == nil && a.State == MediaPending {
		if err := e.settleFetch(ctx, tenant, a); err != nil {
			return err
		}
		a, err = e.store.Attached(ctx, tenant, id)
	}
	switch {
	case errors.Is(err, ErrMediaNotFound): // deleted meanwhile
		return nil
	case err != nil:
		return err
	case a.State != MediaStored || a.Reading != ReadingPending:
		return nil
	}
	return e.readMedia(ctx, tenant, a)
}

// settleFetch fetches a file, and keeps what is final of a failure as the file's state.
func (e *Engine) settleFetch(ctx context.Context, tenant flomastr.TenantID, a Attached) error {
	err := e.fetchMedia(ctx, tenant, a)
	if final, ok := errors.AsType[*mediaErr](err); ok {
		e.log.InfoContext(ctx, "a customer's file is not kept", "tenant", tenant, "media", a.ID, "err", err)
		err = e.store.SettleMedia(ctx, tenant, a.ID, final.state, final.reason)
		e.wake(LaneTurn)
	}
	if errors.Is(err, ErrMediaSettled) {
		return nil
	}
	return err
}

// GiveUpMedia notes that a file could not be fetched, after the last try.
func (e *Engine) GiveUpMedia(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID, cause error) error {
	reason := MediaUnreachable
	if errors.Is(cause, errScan) {
		reason = MediaUnscanned
	}
	err := e.store.SettleMedia(ctx, tenant, id, MediaFailed, reason)
	if errors.Is(err, ErrMediaSettled) { // it is kept, and could not be read
		return e.saveReading(ctx, tenant, id, ReadingFailed, "")
	}
	e.wake(LaneTurn)
	return err
}

// EraseFiles deletes the bytes of files whose rows are gone.
func (e *Engine) EraseFiles(ctx context.Context, tenant flomastr.TenantID, files []flomastr.FileID) error {
	for _, id := range files {
		if err := e.blobs.Delete(ctx, tenant, fileKey(id)); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) fetchMedia(ctx context.Context, tenant flomastr.TenantID, a Attached) error {
	limit, err := e.store.MediaLimit(ctx, tenant)
	if err != nil {
		return err
	}
	file, err := e.openMedia(ctx, tenant, a)
	if err != nil {
		return err
	}
	taken, err := takeFile(file, min(limit, a.Kind.limit()))
	_ = file.Body.Close()
	if err != nil {
		return err
	}
	defer taken.remove()
	if !plausible(a.Kind, a.DeclaredType, taken.kind) {
		return refused(MediaWrongType)
	}
	if taken.file.Scan, err = e.scan(ctx, taken); err != nil {
		return err
	}
	return e.keepFile(ctx, tenant, a.ID, taken)
}

// keepFile puts a pending medium's file where it is kept. It can be called again at any time.
func (e *Engine) keepFile(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID, taken *takenFile) error {
	kept, whole, err := e.store.ReserveFile(ctx, tenant, id, taken.file)
	if err != nil {
		return err
	}
	if !whole {
		if err := taken.rewind(); err != nil {
			return err
		}
		if err := e.blobs.PutFrom(ctx, tenant, kept.Key(), taken.temp); err != nil {
			return err
		}
	}
	return e.store.SettleMedia(ctx, tenant, id, MediaStored, "")
}

// openMedia opens the file at its provider, with the channel's key.
func (e *Engine) openMedia(ctx context.Context, tenant flomastr.TenantID, a Attached) (provider.MediaFile, error) {
	row, err := e.store.Channel(ctx, tenant, a.Channel)
	if err != nil {
		return provider.MediaFile{}, err
	}
	source, ok := e.providers[row.Provider].(provider.MediaSource)
	if !ok {
		return provider.MediaFile{}, refused(MediaNoSource)
	}
	ch, err := e.open(row)
	if err != nil {
		return provider.MediaFile{}, err
	}
	file, err := source.OpenMedia(ctx, ch, a.Source)
	switch {
	case errors.Is(err, provider.ErrMediaGone):
		return file, &mediaErr{MediaExpired, MediaGone, err}
	case flomastr.CodeOf(err) == "media_host":
		return file, &mediaErr{MediaRefused, MediaForeignHost, err}
	case flomastr.KindOf(err) == flomastr.TooLarge:
		return file, &mediaErr{MediaRefused, MediaTooLarge, err}
	case err != nil:
		return file, fmt.Errorf("open a customer's file: %w", err)
	}
	return file, nil
}

var errScan = errors.New("the file could not be scanned")

func (e *Engine) scan(ctx context.Context, t *takenFile) (Scan, error) {
	if e.scanner == nil {
		return NotScanned, nil
	}
	if err := t.rewind(); err != nil {
		return "", err
	}
	found, err := e.scanner.Scan(ctx, t.temp)
	switch {
	case err != nil:
		return "", errors.Join(errScan, err)
	case found != "":
		return "", &mediaErr{MediaRefused, MediaInfected, errors.New(found)}
	}
	return ScanClean, nil
}

// takenFile is a file on its way from the provider to the blobs, in a temporary file that nobody else reads.
type takenFile struct {
	temp *os.File
	kind *mimetype.MIME
	file KeptFile
}

// takeFile reads a file to its end, counting: what the provider says of its size is a claim.
func takeFile(from provider.MediaFile, limit int64) (_ *takenFile, err error) {
	if from.Size > limit {
		return nil, refused(MediaTooLarge)
	}
	temp, err := os.CreateTemp("", "flomastr-media-*")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	// Where the system allows it the name goes at once, and the bytes with the process, however it ends.
	_ = os.Remove(temp.Name())
	t := &takenFile{temp: temp}
	defer func() {
		if err != nil {
			t.remove()
		}
	}()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(temp, sum), io.LimitReader(from.Body, limit+1))
	switch {
	case n > limit:
		return nil, refused(MediaTooLarge)
	case flomastr.KindOf(err) == flomastr.TooLarge:
		return nil, &mediaErr{MediaRefused, MediaTooLarge, err}
	case err != nil:
		return nil, fmt.Errorf("read a customer's file: %w", err)
	case n == 0:
		return nil, refused(MediaEmpty)
	}
	if err := t.rewind(); err != nil {
		return nil, err
	}
	if t.kind, err = mimetype.DetectReader(temp); err != nil {
		return nil, fmt.Errorf("look at a customer's file: %w", err)
	}
	t.file = KeptFile{ID: flomastr.NewID[flomastr.FileID](), SHA256: [32]byte(sum.Sum(nil)), Size: n, Type: t.kind.String()}
	return t, nil
}

func (t *takenFile) rewind() error {
	if _, err := t.temp.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read a temporary file again: %w", err)
	}
	return nil
}

func (t *takenFile) remove() {
	_ = t.temp.Close()
	_ = os.Remove(t.temp.Name())
}

// OpenMedia opens a file that is kept; ErrMediaNotStored for one that is not. The caller closes it.
func (e *Engine) OpenMedia(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID) (Attached, io.ReadSeekCloser, error) {
	a, err := e.store.Attached(ctx, tenant, id)
	if err != nil {
		return a, nil, err
	}
	if a.State != MediaStored {
		return a, nil, ErrMediaNotStored
	}
	body, err := e.blobs.Open(ctx, tenant, a.File.Key())
	return a, body, err
}

// Attached reads what is known of a file.
func (e *Engine) Attached(ctx context.Context, tenant flomastr.TenantID, id flomastr.MediaID) (Attached, error) {
	return e.store.Attached(ctx, tenant, id)
}

// RetryMedia asks once more for a file that could not be fetched.
func (e *Engine) RetryMedia(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, id flomastr.MediaID) (Attached, error) {
	return e.store.RetryMedia(ctx, tenant, by, id)
}
