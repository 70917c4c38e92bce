package blob_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/blob"
)

// server is S3 with one bucket; it takes only what is signed with the right key.
func server(t *testing.T) (address string, refused *atomic.Int32) {
	t.Helper()
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("uploads"))
	inner := gofakes3.New(backend).Server()
	refused = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !signed(r) {
			refused.Add(1)
			w.WriteHeader(http.StatusForbidden)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, refused
}

// signed computes the signature of a request anew.
func signed(r *http.Request) bool {
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	_, list, found := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	if err != nil || !found {
		return false
	}
	list, _, _ = strings.Cut(list, ",")
	again, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+r.Host+r.URL.RequestURI(), http.NoBody)
	if err != nil {
		return false
	}
	for name := range strings.SplitSeq(list, ";") {
		switch name {
		case "host":
		case "content-length":
			again.ContentLength = r.ContentLength
		default:
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	err = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).SignHTTP(r.Context(),
		aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, again, r.Header.Get("X-Amz-Content-Sha256"), "s3", "eu-test-1", at)
	return err == nil && again.Header.Get("Authorization") == r.Header.Get("Authorization")
}

func openS3(t *testing.T, address, secret string) *blob.Bucket {
	t.Helper()
	bucket, err := blob.OpenS3(t.Context(), blob.S3{
		Endpoint: address, Region: "eu-test-1", Bucket: "uploads", KeyID: "key", SecretKey: secret, HTTP: http.DefaultClient,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = bucket.Close() })
	return bucket
}

func TestABucketDoesWhatTheFolderDoes(t *testing.T) {
	t.Parallel()
	address, refused := server(t)
	bucket := openS3(t, address, "secret")
	a, b := flomastr.NewID[flomastr.TenantID](), flomastr.NewID[flomastr.TenantID]()
	require.NoError(t, bucket.Writable(t.Context()))
	require.NoError(t, bucket.Put(t.Context(), a, "knowledge/one", []byte("first")))
	require.NoError(t, bucket.Put(t.Context(), a, "knowledge/one", []byte("second")))
	got, err := bucket.Get(t.Context(), a, "knowledge/one")
	require.NoError(t, err)
	require.Equal(t, "second", string(got))
	for _, read := range []func() error{
		func() error { _, err := bucket.Get(t.Context(), b, "knowledge/one"); return err },
		func() error { _, err := bucket.Open(t.Context(), b, "knowledge/one"); return err },
	} {
		require.ErrorIs(t, read(), blob.ErrNotFound)
	}
	require.NoError(t, bucket.Delete(t.Context(), b, "knowledge/one"))

	film := bytes.Repeat([]byte("0123456789"), 1<<20) // goes in several parts
	require.NoError(t, bucket.PutFrom(t.Context(), a, "media/film", io.MultiReader(bytes.NewReader(film))))
	body, err := bucket.Open(t.Context(), a, "media/film")
	require.NoError(t, err)
	end, err := body.Seek(0, io.SeekEnd)
	require.NoError(t, err)
	require.EqualValues(t, len(film), end)
	_, err = body.Seek(7_000_003, io.SeekStart)
	require.NoError(t, err)
	part := make([]byte, 4)
	_, err = io.ReadFull(body, part)
	require.NoError(t, err)
	require.Equal(t, "3456", string(part))
	require.NoError(t, body.Close())

	kept, err := bucket.CountTenant(t.Context(), a)
	require.NoError(t, err)
	require.EqualValues(t, 2, kept)
	removed, err := bucket.DeleteTenant(t.Context(), a)
	require.NoError(t, err)
	require.EqualValues(t, 2, removed)
	kept, err = bucket.CountTenant(t.Context(), a)
	require.NoError(t, err)
	require.Zero(t, kept)
	require.Zero(t, refused.Load())
}

func TestABucketThatRefusesIsNotCalledWritable(t *testing.T) {
	t.Parallel()
	address, refused := server(t)
	bucket := openS3(t, address, "guessed")
	err := bucket.Writable(t.Context())
	require.Equal(t, flomastr.Unavailable, flomastr.KindOf(err))
	require.Positive(t, refused.Load())
	_, err = bucket.Get(t.Context(), flomastr.NewID[flomastr.TenantID](), "one")
	require.Error(t, err)
	require.NotErrorIs(t, err, blob.ErrNotFound, "what is refused is not gone")
}

func TestAnUploadThatBreaksOffLeavesNothing(t *testing.T) {
	t.Parallel()
	address, _ := server(t)
	folder, _ := open(t)
	for name, bucket := range map[string]*blob.Bucket{"bucket": openS3(t, address, "secret"), "folder": folder} {
		tenant := flomastr.NewID[flomastr.TenantID]()
		err := bucket.PutFrom(t.Context(), tenant, "media/half", io.MultiReader(strings.NewReader("half"), failing{}))
		require.Error(t, err, name)
		kept, err := bucket.CountTenant(t.Context(), tenant)
		require.NoError(t, err)
		require.Zero(t, kept, name)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
