// Package blob keeps what was uploaded, byte for byte, in a folder of the data directory or in a bucket that speaks S3. Each
// tenant has a folder of its own; a key never leaves it.
//
//	bucket, err := blob.OpenFolder("/var/lib/flomastr/blobs")
//	err = bucket.Put(ctx, tenantID, "knowledge/018f…", body)
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/gcerrors"

	"github.com/flomastr/flomastr"
)

// ErrNotFound says that nothing is kept under a key.
var ErrNotFound = flomastr.Errorf(flomastr.NotFound, "blob_not_found", "The file is no longer kept.")

// keyForm is what our own code makes keys of. Nothing that a person typed becomes a key.
var keyForm = regexp.MustCompile(`^[a-z0-9]+(/[a-z0-9][a-z0-9.-]*)*$`)

// Bucket keeps blobs. It is safe for concurrent use.
type Bucket struct {
	bucket *blob.Bucket
	dir    string // of a folder; empty for S3
}

// OpenFolder keeps blobs under a folder, which is made if need be and readable by this user alone.
func OpenFolder(dir string) (*Bucket, error) {
	bucket, err := fileblob.OpenBucket(dir, &fileblob.Options{
		CreateDir: true, DirFileMode: 0o700, NoTempDir: true, // a rename must not cross file systems
	})
	if err != nil {
		return nil, fmt.Errorf("open the folder for uploads: %w", err)
	}
	return &Bucket{bucket: bucket, dir: dir}, nil
}

// Close ends the use of the bucket.
func (b *Bucket) Close() error { return b.bucket.Close() }

// Put keeps a body under a key of the tenant, whole or not at all, in place of what was there.
func (b *Bucket) Put(ctx context.Context, tenant flomastr.TenantID, key string, body []byte) error {
	path, err := inside(tenant, key)
	if err != nil {
		return err
	}
	if err := b.bucket.WriteAll(ctx, path, body, nil); err != nil {
		return fmt.Errorf("keep blob: %w", err)
	}
	return nil
}

// PutFrom keeps what a reader gives, as Put does, without holding it in memory.
func (b *Bucket) PutFrom(ctx context.Context, tenant flomastr.TenantID, key string, body io.Reader) error {
	path, err := inside(tenant, key)
	if err != nil {
		return err
	}
	// A writer whose context has ended keeps nothing when it is closed; Upload would keep what came before an error.
	ctx, abandon := context.WithCancel(ctx)
	defer abandon()
	w, err := b.bucket.NewWriter(ctx, path, &blob.WriterOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return fmt.Errorf("keep blob: %w", err)
	}
	if _, err := io.Copy(w, body); err != nil {
		abandon()
		_ = w.Close()
		return fmt.Errorf("keep blob: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("keep blob: %w", err)
	}
	return nil
}

// Open reads a blob from any place in it; ErrNotFound when there is none. The caller closes it.
func (b *Bucket) Open(ctx context.Context, tenant flomastr.TenantID, key string) (io.ReadSeekCloser, error) {
	path, err := inside(tenant, key)
	if err != nil {
		return nil, err
	}
	r, err := b.bucket.NewReader(ctx, path, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, ErrNotFound.Because(err)
	}
	if err != nil {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	return r, nil
}

// Get reads a whole blob; ErrNotFound when there is none.
func (b *Bucket) Get(ctx context.Context, tenant flomastr.TenantID, key string) ([]byte, error) {
	path, err := inside(tenant, key)
	if err != nil {
		return nil, err
	}
	body, err := b.bucket.ReadAll(ctx, path)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, ErrNotFound.Because(err)
	}
	if err != nil {
		return nil, fmt.Errorf("read blob: %w", err)
	}
	return body, nil
}

// Delete removes a blob. Removing what is gone is success.
func (b *Bucket) Delete(ctx context.Context, tenant flomastr.TenantID, key string) error {
	path, err := inside(tenant, key)
	if err != nil {
		return err
	}
	if err := b.bucket.Delete(ctx, path); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("delete blob: %w", err)
	}
	return nil
}

// DeleteTenant removes everything that a tenant has, its folder too, and says how many files it was.
func (b *Bucket) DeleteTenant(ctx context.Context, tenant flomastr.TenantID) (int64, error) {
	var removed int64
	err := b.each(ctx, tenant, func(key string) error {
		if err := b.bucket.Delete(ctx, key); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
			return fmt.Errorf("delete blob: %w", err)
		}
		removed++
		return nil
	})
	if err != nil {
		return removed, err
	}
	if b.dir == "" {
		return removed, nil
	}
	if err := os.RemoveAll(filepath.Join(b.dir, tenant.String())); err != nil {
		return removed, fmt.Errorf("delete the folder of blobs: %w", err)
	}
	return removed, nil
}

// CountTenant says how many files a tenant has.
func (b *Bucket) CountTenant(ctx context.Context, tenant flomastr.TenantID) (int64, error) {
	var kept int64
	err := b.each(ctx, tenant, func(string) error { kept++; return nil })
	return kept, err
}

func (b *Bucket) each(ctx context.Context, tenant flomastr.TenantID, do func(key string) error) error {
	if tenant.IsZero() {
		return fmt.Errorf("list blobs: no tenant given")
	}
	list := b.bucket.List(&blob.ListOptions{Prefix: tenant.String() + "/"})
	for {
		object, err := list.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list blobs: %w", err)
		}
		if err := do(object.Key); err != nil {
			return err
		}
	}
}

// Writable tells whether a blob can be kept right now, for the health check.
func (b *Bucket) Writable(ctx context.Context) error {
	if err := b.bucket.WriteAll(ctx, "health", []byte("ok"), nil); err != nil {
		return flomastr.Errorf(flomastr.Unavailable, "uploads_not_writable", "The place for uploads cannot be written.").Because(err)
	}
	return nil
}

func inside(tenant flomastr.TenantID, key string) (string, error) {
	if tenant.IsZero() || !keyForm.MatchString(key) {
		return "", fmt.Errorf("not a blob's key")
	}
	return tenant.String() + "/" + key, nil
}
