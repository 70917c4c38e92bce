// Package spool keeps acknowledged webhooks on disk, sealed by the master key, while the database is away.
//
//	folder, err := spool.Open("/var/lib/flomastr/spool", 512<<20, keys, log)
package spool

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// ErrFull says that the folder holds as much as it may.
var ErrFull = flomastr.Errorf(flomastr.Unavailable, "spool_full", "The folder for webhooks that wait for the database is full.")

const (
	half       = ".half"       // the end of a file's name while it is written
	unreadable = ".unreadable" // and of one that another master key sealed, or that was changed; it is for a person to look at
)

// Folder implements [whatsapp.Spool]. Each webhook is a file named by an id, which sorts by time, and its channel.
type Folder struct {
	dir  string
	most int64
	seal whatsapp.Sealer
	log  *slog.Logger

	mu      sync.Mutex
	size    int64
	waiting map[flomastr.ChannelID][]*file // in the order in which they were put
}

type file struct {
	name  string
	size  int64
	whole bool
}

type nameOfAFile = flomastr.ID[Folder]

// Open takes over what an earlier process left in a folder, which is made if need be and readable by this user alone. most
// bounds all the files together, in bytes. The sealer must need no database.
func Open(dir string, most int64, seal whatsapp.Sealer, log *slog.Logger) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for webhooks: %w", err)
	}
	f := &Folder{dir: dir, most: most, seal: seal, log: log, waiting: map[flomastr.ChannelID][]*file{}}
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("read the folder for webhooks: %w", err)
	}
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), half) { // never acknowledged
			if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("tidy the folder for webhooks: %w", err)
			}
			continue
		}
		id, channel, ok := strings.Cut(entry.Name(), ".")
		of, err := flomastr.ParseID[flomastr.ChannelID](channel)
		if _, bad := flomastr.ParseID[nameOfAFile](id); !ok || err != nil || bad != nil {
			continue // not one of ours
		}
		info, err := entry.Info()
		if err != nil {
			return nil, fmt.Errorf("read the folder for webhooks: %w", err)
		}
		f.waiting[of] = append(f.waiting[of], &file{entry.Name(), info.Size(), true})
		f.size += info.Size()
	}
	return f, nil
}

// Put implements [whatsapp.Spool].
func (f *Folder) Put(w whatsapp.Spooled) error {
	plain, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("encode a webhook: %w", err)
	}
	sealed, err := f.seal.Seal("", "spool", w.Channel.String(), plain)
	if err != nil {
		return fmt.Errorf("seal a webhook: %w", err)
	}
	it, err := f.begin(w.Channel, int64(len(sealed)))
	if err != nil {
		return err
	}
	err = f.write(it.name, sealed)
	f.mu.Lock()
	defer f.mu.Unlock()
	if it.whole = err == nil; err != nil {
		f.forget(w.Channel, it.name)
		return fmt.Errorf("keep a webhook on disk: %w", err)
	}
	return nil
}

// begin gives a webhook its place behind all that came before it.
func (f *Folder) begin(channel flomastr.ChannelID, size int64) (*file, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.size+size > f.most {
		return nil, ErrFull
	}
	it := &file{name: flomastr.NewID[nameOfAFile]().String() + "." + channel.String(), size: size}
	f.size += size
	f.waiting[channel] = append(f.waiting[channel], it)
	return it, nil
}

// write makes a file that is whole or not there, whatever happens to the machine.
func (f *Folder) write(name string, sealed []byte) (err error) {
	path := filepath.Join(f.dir, name)
	defer func() {
		if err != nil {
			_ = os.Remove(path + half)
		}
	}()
	w, err := os.OpenFile(path+half, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = w.Write(sealed); err == nil {
		err = w.Sync()
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return err
	}
	if err = os.Rename(path+half, path); err != nil {
		return err
	}
	if err = f.sync(); err != nil {
		_ = os.Remove(path) // it is not acknowledged
	}
	return err
}

// sync makes what was renamed in the folder last.
func (f *Folder) sync() error {
	if runtime.GOOS == "windows" { // where a folder cannot be synced, and NTFS keeps the order of renames
		return nil
	}
	dir, err := os.Open(f.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Holds implements [whatsapp.Spool].
func (f *Folder) Holds(channel flomastr.ChannelID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.waiting[channel]) > 0
}

// Waiting is how many webhooks are there.
func (f *Folder) Waiting() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, files := range f.waiting {
		n += len(files)
	}
	return n
}

// Channels implements [whatsapp.Spool].
func (f *Folder) Channels() []flomastr.ChannelID {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.SortedFunc(maps.Keys(f.waiting), func(a, b flomastr.ChannelID) int {
		return strings.Compare(f.waiting[a][0].name, f.waiting[b][0].name)
	})
}

// Oldest implements [whatsapp.Spool]. What cannot be read is set aside under another name.
func (f *Folder) Oldest(channel flomastr.ChannelID, n int) (list []whatsapp.Spooled, err error) {
	for _, name := range f.oldest(channel, n) {
		sealed, err := os.ReadFile(filepath.Join(f.dir, name))
		if errors.Is(err, fs.ErrNotExist) { // a person removed it, or another process stored it
			f.log.Warn("a webhook on disk is gone", "file", name)
			f.mu.Lock()
			f.forget(channel, name)
			f.mu.Unlock()
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read a webhook from the disk: %w", err)
		}
		plain, err := f.seal.Open("", "spool", channel.String(), sealed)
		w := whatsapp.Spooled{}
		if err == nil {
			err = json.Unmarshal(plain, &w)
		}
		if err != nil {
			f.log.Error("a webhook on disk cannot be read and is set aside", "file", name+unreadable, "err", err)
			if err := os.Rename(filepath.Join(f.dir, name), filepath.Join(f.dir, name+unreadable)); err != nil {
				return nil, fmt.Errorf("set a webhook on disk aside: %w", err)
			}
			f.mu.Lock()
			f.forget(channel, name)
			f.mu.Unlock()
			continue
		}
		w.ID = name
		list = append(list, w)
	}
	return list, nil
}

// oldest stops before a file that is being written: what comes after it has to wait.
func (f *Folder) oldest(channel flomastr.ChannelID, n int) (names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, it := range f.waiting[channel] {
		if !it.whole || len(names) == n {
			break
		}
		names = append(names, it.name)
	}
	return names
}

// Remove implements [whatsapp.Spool].
func (f *Folder) Remove(stored []whatsapp.Spooled) error {
	for _, w := range stored {
		if err := os.Remove(filepath.Join(f.dir, w.ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a stored webhook from the disk: %w", err)
		}
		f.mu.Lock()
		f.forget(w.Channel, w.ID)
		f.mu.Unlock()
	}
	return nil
}

// forget is called under the lock.
func (f *Folder) forget(channel flomastr.ChannelID, name string) {
	files := f.waiting[channel]
	i := slices.IndexFunc(files, func(it *file) bool { return it.name == name })
	if i < 0 {
		return
	}
	f.size -= files[i].size
	if files = slices.Delete(files, i, i+1); len(files) > 0 {
		f.waiting[channel] = files
		return
	}
	delete(f.waiting, channel)
}
