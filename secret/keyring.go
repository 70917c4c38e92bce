package secret

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/secretdata"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/flomastr/flomastr"
)

// masterBytes is the length of a master key.
const masterBytes = 32

// The ways in which a value or a key can be wrong. No message holds a byte of either.
var (
	ErrMasterKey = flomastr.Errorf(flomastr.Internal, "master_key_invalid",
		"The master key must be 32 random bytes in base64 (make one with: openssl rand -base64 32).")
	ErrUnknownKey = flomastr.Errorf(flomastr.Internal, "master_key_unknown",
		"A stored secret was sealed with another master key; add that key to the setting, after the current one.")
	ErrSealBroken = flomastr.Errorf(flomastr.Internal, "seal_broken",
		"A stored secret does not belong where it was found, or was changed.")
)

// Keyring seals and opens. It is safe for concurrent use.
type Keyring struct {
	aead   tink.AEAD
	ids    map[uint32]bool
	master [][]byte // the first seals
	first  uint32   // its id
}

// Parse reads one master key, or several separated by commas: the first seals, all open.
func Parse(encoded string) (*Keyring, error) {
	params, err := aesgcm.NewParameters(aesgcm.ParametersOpts{
		KeySizeInBytes: 32, IVSizeInBytes: 12, TagSizeInBytes: 16, Variant: aesgcm.VariantTink,
	})
	if err != nil {
		return nil, fmt.Errorf("choose the cipher: %w", err)
	}
	k := &Keyring{ids: map[uint32]bool{}}
	manager := keyset.NewManager()
	for one := range strings.SplitSeq(encoded, ",") {
		master, err := decodeMaster(strings.TrimSpace(one))
		if err != nil {
			return nil, err
		}
		derived, err := hkdf.Key(sha256.New, master, nil, "flomastr seal", 32)
		if err != nil {
			return nil, fmt.Errorf("derive the sealing key: %w", err)
		}
		// The id stands in front of every ciphertext and says which key opens it.
		digest := sha256.Sum256(append([]byte("flomastr key id"), derived...))
		id := binary.BigEndian.Uint32(digest[:4])
		key, err := aesgcm.NewKey(secretdata.NewBytesFromData(derived, insecuresecretdataaccess.Token{}), id, params)
		if err != nil {
			return nil, fmt.Errorf("make the sealing key: %w", err)
		}
		if k.ids[id] {
			return nil, ErrMasterKey.Because(fmt.Errorf("the same key is given twice"))
		}
		if _, err := manager.AddKey(key); err != nil {
			return nil, fmt.Errorf("add the sealing key: %w", err)
		}
		if len(k.ids) == 0 {
			if err := manager.SetPrimary(id); err != nil {
				return nil, fmt.Errorf("choose the sealing key: %w", err)
			}
			k.first = id
		}
		k.master = append(k.master, master)
		k.ids[id] = true
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, fmt.Errorf("assemble the keys: %w", err)
	}
	if k.aead, err = aead.New(handle); err != nil {
		return nil, fmt.Errorf("assemble the keys: %w", err)
	}
	return k, nil
}

func decodeMaster(s string) ([]byte, error) {
	master, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(master) != masterBytes {
		return nil, ErrMasterKey
	}
	// A key of zeros or of one repeated block comes from an example, not from a random source.
	seen := map[byte]bool{}
	for _, b := range master {
		seen[b] = true
	}
	if len(seen) < masterBytes/4 {
		return nil, ErrMasterKey.Because(fmt.Errorf("the key is not random"))
	}
	return master, nil
}

// Generate makes a new master key in the form that [Parse] reads.
func Generate() string {
	master := make([]byte, masterBytes)
	_, _ = rand.Read(master) // never fails (crypto/rand)
	return base64.StdEncoding.EncodeToString(master)
}

// Seal encrypts a value for one place. Where a table holds several such values, column also names the row
// ("credentials/<id>"). tenant is "" for what belongs to the platform.
func (k *Keyring) Seal(tenant, table, column string, plaintext []byte) ([]byte, error) {
	sealed, err := k.aead.Encrypt(plaintext, place(tenant, table, column))
	if err != nil {
		return nil, fmt.Errorf("seal %s.%s: %w", table, column, err)
	}
	return sealed, nil
}

// Open decrypts a value in the place for which it was sealed. It answers [ErrUnknownKey] when none of the given keys
// made it, and [ErrSealBroken] when it belongs elsewhere or was changed.
func (k *Keyring) Open(tenant, table, column string, sealed []byte) ([]byte, error) {
	// Tink's prefix: a version byte and the key's id.
	if len(sealed) < 5 || sealed[0] != 1 {
		return nil, ErrSealBroken.Because(fmt.Errorf("open %s.%s: not a sealed value", table, column))
	}
	if !k.ids[binary.BigEndian.Uint32(sealed[1:5])] {
		return nil, ErrUnknownKey.Because(fmt.Errorf("open %s.%s", table, column))
	}
	plain, err := k.aead.Decrypt(sealed, place(tenant, table, column))
	if err != nil {
		return nil, ErrSealBroken.Because(fmt.Errorf("open %s.%s: %w", table, column, err))
	}
	return plain, nil
}

// Current tells whether the first key made a sealed value.
func (k *Keyring) Current(sealed []byte) bool {
	return len(sealed) >= 5 && sealed[0] == 1 && binary.BigEndian.Uint32(sealed[1:5]) == k.first
}

// Derive gives 32 bytes for a named purpose other than sealing, such as the passwords of database logins. They follow
// the first master key.
func (k *Keyring) Derive(purpose string) ([]byte, error) {
	all, err := k.DeriveAll(purpose)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// DeriveAll gives what [Keyring.Derive] gives, and after it the same of every older master key, for what was made under
// one of them.
func (k *Keyring) DeriveAll(purpose string) ([][]byte, error) {
	all := make([][]byte, len(k.master))
	for i, master := range k.master {
		derived, err := hkdf.Key(sha256.New, master, nil, "flomastr derive "+purpose, 32)
		if err != nil {
			return nil, fmt.Errorf("derive a key for %s: %w", purpose, err)
		}
		all[i] = derived
	}
	return all, nil
}

// String keeps a keyring out of logs.
func (k *Keyring) String() string { return "secret.Keyring(…)" }

// GoString keeps a keyring out of logs.
func (k *Keyring) GoString() string { return k.String() }

// place is the associated data. Lengths stand in front of the parts, so that no two places share one text.
func place(tenant, table, column string) []byte {
	var b []byte
	for _, part := range []string{tenant, table, column} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return b
}
