package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/flomastr/flomastr"
)

// ErrKeyFile says that the key's file can be read by others.
var ErrKeyFile = flomastr.Errorf(flomastr.Internal, "master_key_exposed",
	"The master key's file may be read by others; set its mode to 0600.")

// OpenFile reads the master key from a file, and makes it first when there is none. Several servers that start at once
// on one data directory agree on one key.
func OpenFile(path string) (*Keyring, error) {
	encoded, err := readKeyFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createKeyFile(path); err != nil {
			return nil, err
		}
		encoded, err = readKeyFile(path)
	}
	if err != nil {
		return nil, err
	}
	return Parse(encoded)
}

func readKeyFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("read the master key: %w", err)
	}
	// Windows has no such bits; the data directory's own rights protect it there.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return "", ErrKeyFile.Because(fmt.Errorf("%s has mode %o", path, info.Mode().Perm()))
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the master key: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}

// createKeyFile writes a complete, synced file beside the path and links it there: whoever comes second finds the
// first one's key, and a crash leaves either no key or a whole one.
func createKeyFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the key's directory: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".master-*") // 0600 by contract
	if err != nil {
		return fmt.Errorf("write the master key: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(Generate() + "\n")
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("write the master key: %w", err)
	}
	return nil
}
