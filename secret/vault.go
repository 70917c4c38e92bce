package secret

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/flomastr/flomastr"
)

// KeyID names a data key.
type KeyID = flomastr.ID[Vault]

// WrappedKey is a data key as it is kept: sealed by a master key.
type WrappedKey struct {
	ID      KeyID
	Wrapped []byte
}

// KeyStore keeps the data keys. tenant is "" for the platform's own.
type KeyStore interface {
	// CurrentKey gives the key that seals now. Where there is none it keeps the made one; of several that are made at
	// once, all callers get the same.
	CurrentKey(ctx context.Context, tenant string, made func() (WrappedKey, error)) (WrappedKey, error)
	// DataKey gives any key that is still there, or ErrKeyGone.
	DataKey(ctx context.Context, tenant string, id KeyID) (WrappedKey, error)
}

// ErrKeyGone says that a tenant's key is not there any more, by which everything that it sealed is destroyed.
var ErrKeyGone = flomastr.Errorf(flomastr.Internal, "data_key_gone", "The key of a stored secret has been destroyed; enter the secret again.")

// CurrentFor is how long a server goes on sealing with a key after another has become the current one. Keys are removed
// only long after.
const CurrentFor = time.Minute

const (
	vaultVersion = 2      // the first byte of what a vault seals; a Keyring's is 1
	vaultPrefix  = 1 + 16 // version and the data key's id
	vaultKeys    = 1000   // at most so many keys are held in memory
	vaultWait    = 5 * time.Second
)

// Vault seals with a key of each tenant's own, which the master key wraps: the master key can be replaced by wrapping
// again, a tenant's key by sealing again, and to destroy a tenant's keys is to destroy its secrets. It opens what a
// [Keyring] alone has sealed, too. It is safe for concurrent use.
//
// Seal and Open take no context: a key is read once for each process and tenant, under a time limit of its own.
type Vault struct {
	master *Keyring
	store  KeyStore

	mu      sync.Mutex
	keys    map[vaultKey]cipher.AEAD
	current map[string]currentKey
}

type vaultKey struct {
	tenant string
	id     KeyID
}

type currentKey struct {
	id    KeyID
	until time.Time
}

// NewVault makes a vault over the kept keys.
func NewVault(master *Keyring, store KeyStore) *Vault {
	return &Vault{master: master, store: store, keys: map[vaultKey]cipher.AEAD{}, current: map[string]currentKey{}}
}

// Seal encrypts a value for one place. Column names the row as well: "sealed_credentials/<id>".
func (v *Vault) Seal(tenant, table, column string, plaintext []byte) ([]byte, error) {
	id, key, err := v.currentKey(tenant)
	if err != nil {
		return nil, fmt.Errorf("seal %s.%s: %w", table, column, err)
	}
	return key.Seal(Prefix(id), nil, plaintext, place(tenant, table, column)), nil //nolint:gosec // it makes a random nonce itself and takes none
}

// Open decrypts a value in the place for which it was sealed.
func (v *Vault) Open(tenant, table, column string, sealed []byte) ([]byte, error) {
	if len(sealed) > 0 && sealed[0] == 1 {
		return v.openOlder(tenant, table, column, sealed)
	}
	id, ok := SealedBy(sealed)
	if !ok {
		return nil, ErrSealBroken.Because(fmt.Errorf("open %s.%s: not a sealed value", table, column))
	}
	key, err := v.dataKey(tenant, id)
	if err != nil {
		return nil, fmt.Errorf("open %s.%s: %w", table, column, err)
	}
	plain, err := key.Open(nil, nil, sealed[vaultPrefix:], place(tenant, table, column))
	if err != nil {
		return nil, ErrSealBroken.Because(fmt.Errorf("open %s.%s: %w", table, column, err))
	}
	return plain, nil
}

// openOlder opens what the master key itself sealed, where a place did not always name its row.
func (v *Vault) openOlder(tenant, table, column string, sealed []byte) ([]byte, error) {
	plain, err := v.master.Open(tenant, table, column, sealed)
	if general, _, named := strings.Cut(column, "/"); err != nil && named {
		if plain, again := v.master.Open(tenant, table, general, sealed); again == nil {
			return plain, nil
		}
	}
	return plain, err
}

// SealedBy tells which data key sealed a value; false for one that a master key sealed itself.
func SealedBy(sealed []byte) (KeyID, bool) {
	if len(sealed) < vaultPrefix || sealed[0] != vaultVersion {
		return KeyID{}, false
	}
	return KeyID(sealed[1:vaultPrefix]), true
}

// Prefix is what stands in front of every value that a data key seals.
func Prefix(id KeyID) []byte { return append([]byte{vaultVersion}, id[:]...) }

// Forget lets the next sealing for a tenant ask again which key is the current one.
func (v *Vault) Forget(tenant string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.current, tenant)
}

func (v *Vault) currentKey(tenant string) (KeyID, cipher.AEAD, error) {
	now := time.Now()
	v.mu.Lock()
	known, ok := v.current[tenant]
	v.mu.Unlock()
	if ok && now.Before(known.until) {
		key, err := v.dataKey(tenant, known.id)
		return known.id, key, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), vaultWait)
	defer cancel()
	wrapped, err := v.store.CurrentKey(ctx, tenant, func() (WrappedKey, error) { return v.Make(tenant) })
	if err != nil {
		return KeyID{}, nil, err
	}
	key, err := v.unwrap(tenant, wrapped)
	if err != nil {
		return KeyID{}, nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	makeRoom(v.current)
	v.current[tenant] = currentKey{wrapped.ID, now.Add(CurrentFor)}
	return wrapped.ID, key, nil
}

func (v *Vault) dataKey(tenant string, id KeyID) (cipher.AEAD, error) {
	v.mu.Lock()
	key, ok := v.keys[vaultKey{tenant, id}]
	v.mu.Unlock()
	if ok {
		return key, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), vaultWait)
	defer cancel()
	wrapped, err := v.store.DataKey(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return v.unwrap(tenant, wrapped)
}

func (v *Vault) unwrap(tenant string, wrapped WrappedKey) (cipher.AEAD, error) {
	raw, err := v.master.Open(tenant, "encryption_keys", "wrapped/"+wrapped.ID.String(), wrapped.Wrapped)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("use data key %s: %w", wrapped.ID, err)
	}
	key, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("use data key %s: %w", wrapped.ID, err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	makeRoom(v.keys)
	v.keys[vaultKey{tenant, wrapped.ID}] = key
	return key, nil
}

// makeRoom drops any entry of a full map; it is read again when it is needed.
func makeRoom[K comparable, V any](m map[K]V) {
	if len(m) < vaultKeys {
		return
	}
	for k := range m {
		delete(m, k)
		return
	}
}

// Make makes a data key and wraps it, for the store to keep.
func (v *Vault) Make(tenant string) (WrappedKey, error) {
	raw := make([]byte, masterBytes)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	made := WrappedKey{ID: flomastr.NewID[KeyID]()}
	var err error
	made.Wrapped, err = v.master.Seal(tenant, "encryption_keys", "wrapped/"+made.ID.String(), raw)
	return made, err
}
