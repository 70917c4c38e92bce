package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/flomastr/flomastr/blob"
	"github.com/flomastr/flomastr/internal/safehttp"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/embedded"
	"github.com/flomastr/flomastr/secret"
	"github.com/flomastr/flomastr/tenant"
)

// foundation is what the server and most commands stand on: the master key and a database, the private one if no other
// was named.
type foundation struct {
	Keys     *secret.Keyring
	Erasures ed25519.PrivateKey // signs the reports of erasures
	Places   [][]byte           // seal cursors and events' ids, the one in use first
	Files    [][]byte           // authenticate the addresses under which providers fetch files, the one in use first
	Database postgres.Config    // for postgres.Migrate and postgres.Open

	private *embedded.Embedded // nil with DATABASE_URL
	log     *slog.Logger
}

// settle turns the settings of a command into a checked configuration and a logger.
func settle(cfg Config, s *surroundings, src *sources) (Config, *slog.Logger, error) {
	if err := src.fillSecrets(&cfg); err != nil {
		return cfg, nil, err
	}
	var err error
	if cfg.DataDir, err = embedded.DataDir(cfg.DataDir, s.program, func(name string) string { return src.values[name] }); err != nil {
		return cfg, nil, err
	}
	log := newLogger(s.stderr, cfg.LogLevel, cfg.LogFormat)
	for _, name := range src.unknown() {
		log.Warn("a variable looks like a setting of ours but is none; is it misspelt?", "name", name)
	}
	return cfg, log, cfg.Check()
}

// layFoundation opens the key and starts or names the database.
func layFoundation(ctx context.Context, cfg Config, log *slog.Logger) (*foundation, error) {
	f := &foundation{log: log}
	var err error
	if f.Keys, err = openKeys(cfg); err != nil {
		return nil, err
	}
	logins, err := f.Keys.Derive("database logins")
	if err != nil {
		return nil, err
	}
	signers, err := erasureKeys(f.Keys)
	if err != nil {
		return nil, err
	}
	f.Erasures = signers[0]
	if f.Places, err = f.Keys.DeriveAll("places in lists"); err != nil {
		return nil, err
	}
	if f.Files, err = f.Keys.DeriveAll("addresses of files"); err != nil {
		return nil, err
	}
	f.Database = postgres.Config{URL: cfg.DatabaseURL.Reveal(), PoolerURL: cfg.PoolerURL.Reveal(), Key: logins, Master: f.Keys, MaxConns: int32(cfg.DatabaseMaxConns), Log: log}
	if f.Database.ColdServers, err = cfg.coldServers(); err != nil {
		return nil, err
	}
	if cfg.Embedded() {
		if f.private, err = embedded.Start(ctx, cfg.DataDir, cfg.PostgresBin, log); err != nil {
			return nil, err
		}
		f.Database.URL = f.private.AdminURL()
	}
	return f, nil
}

func openKeys(cfg Config) (*secret.Keyring, error) {
	if cfg.MasterKey != "" {
		return secret.Parse(cfg.MasterKey.Reveal())
	}
	return secret.OpenFile(filepath.Join(cfg.DataDir, "master.key"))
}

// erasureKeys follow the master keys, the one in use first, so that every server signs alike and none keeps another secret.
func erasureKeys(keys *secret.Keyring) ([]ed25519.PrivateKey, error) {
	seeds, err := keys.DeriveAll("erasure reports")
	if err != nil {
		return nil, err
	}
	signers := make([]ed25519.PrivateKey, len(seeds))
	for i, seed := range seeds {
		signers[i] = ed25519.NewKeyFromSeed(seed)
	}
	return signers, nil
}

// newTenants is the engine of tenants, for the server and for the commands, which invite nobody.
func newTenants(cfg Config, base *foundation, db *postgres.DB, files *blob.Bucket, owners tenant.Owners) *tenant.Engine {
	return tenant.New(tenant.Deps{
		Store: postgres.NewTenantStore(db), Cold: db, Files: files, Owners: owners, Key: base.Erasures,
		Guard: safehttp.New(safehttp.Config{DenyHosts: ownHosts(cfg)}),
	})
}

// openBlobs opens the place where uploads and customers' files are kept: a bucket where one is set, else a folder of the data
// directory.
func openBlobs(ctx context.Context, cfg Config) (*blob.Bucket, error) {
	if cfg.S3Endpoint == "" {
		return blob.OpenFolder(filepath.Join(cfg.DataDir, "blobs"))
	}
	return blob.OpenS3(ctx, blob.S3{
		Endpoint: cfg.S3Endpoint, Region: cfg.S3Region, Bucket: cfg.S3Bucket, KeyID: cfg.S3KeyID.Reveal(), SecretKey: cfg.S3SecretKey.Reveal(),
		// The operator's own address may lie inside. A file of 100 MB may be on its way for long.
		HTTP: safehttp.New(safehttp.Config{Allow: []string{originOf(cfg.S3Endpoint)}, Timeout: 10 * time.Minute, MaxBytes: 1 << 40}).HTTP(),
	})
}

// Close stops the private database, unless another process of ours uses it.
func (f *foundation) Close() error {
	if f.private == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return f.private.Stop(ctx)
}

// listen opens the server's port, or says in one sentence why it cannot.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("another program is using %s: stop it (make stop, if it is an earlier server), or choose another with --listen or FLOMASTR_LISTEN", address)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("this user may not listen on %s: choose a port above 1023 with --listen or FLOMASTR_LISTEN", address)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}
