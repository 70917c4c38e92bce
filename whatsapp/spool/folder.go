// Package spool keeps acknowledged webhooks on disk, sealed by the master key, while the database is away.
//
//	folder, err := spool.Open("/var/lib/flomastr/spool", 512<<20, keys, log)
//	defer folder.Close()
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
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
)

// The ways in which a folder does not take a webhook, or a process.
var (
	ErrFull  = flomastr.Errorf(flomastr.Unavailable, "spool_full", "The folder for webhooks that wait for the database is full.")
	ErrInUse = flomastr.Errorf(flomastr.Conflict, "spool_in_use",
		"Another server that runs uses the folder for webhooks that wait for the database; give each server a folder of its own.")
)

// ErrUnreadable is a webhook that cannot be read from the disk.
var ErrUnreadable = flomastr.Errorf(flomastr.Internal, "spool_unreadable",
	"A webhook on disk cannot be read: its file is broken, or was sealed by a master key that this server does not have.")

// The ends of files' names, and the file that tells another process that the folder is in use.
const (
	half   = ".half"  // while it is written
	aside  = ".aside" // when it could not be stored
	lockAs = ".lock"
)

// block is what the smallest file takes on most disks, in bytes.
const block = 4096

// ours are the files' names: a number that grows, the channel, and what state it is in.
var ours = regexp.MustCompile(`^([0-9]{16})\.([0-9a-f-]{36})(\.half|\.aside)?$`)

// Folder implements [whatsapp.Spool]. Each webhook is a file of its own, named by a number that grows, also over processes and
// whatever the clock says, and by its channel.
type Folder struct {
	dir  string
	most int64
	seal whatsapp.Sealer
	log  *slog.Logger
	lock *os.File

	mu      sync.Mutex
	last    uint64                         // number that was given
	size    int64                          // on disk, of what waits and what is set aside
	waiting map[flomastr.ChannelID][]*file // in the order in which they were put
	aside   int
}

type file struct {
	name  string
	size  int64 // on disk
	whole bool
}

// Open takes over what an earlier process left in a folder, which is made if need be, readable by this user alone. What had been
// set aside is tried again. most bounds all the files together, in bytes on disk. The sealer must need no database. A folder that
// another process has open answers [ErrInUse].
func Open(dir string, most int64, seal whatsapp.Sealer, log *slog.Logger) (_ *Folder, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for webhooks: %w", err)
	}
	f := &Folder{dir: dir, most: most, seal: seal, log: log, waiting: map[flomastr.ChannelID][]*file{}}
	if f.lock, err = lock(filepath.Join(dir, lockAs)); err != nil {
		return nil, fmt.Errorf("lock the folder for webhooks: %w", err)
	}
	if err := f.takeOver(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// takeOver lists what is there, and lets alone what is not ours.
func (f *Folder) takeOver() error {
	entries, err := os.ReadDir(f.dir) // sorted by name
	if err != nil {
		return fmt.Errorf("read the folder for webhooks: %w", err)
	}
	for _, entry := range entries {
		parts := ours.FindStringSubmatch(entry.Name())
		if parts == nil || !entry.Type().IsRegular() {
			continue
		}
		channel, err := flomastr.ParseID[flomastr.ChannelID](parts[2])
		if err != nil {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			return fmt.Errorf("read the folder for webhooks: %w", err)
		}
		path, name := filepath.Join(f.dir, entry.Name()), strings.TrimSuffix(entry.Name(), aside)
		switch parts[3] {
		case half: // never acknowledged
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("tidy the folder for webhooks: %w", err)
			}
			continue
		case aside:
			if err := os.Rename(path, filepath.Join(f.dir, name)); err != nil {
				return fmt.Errorf("try a webhook that was set aside again: %w", err)
			}
		}
		it := &file{name, onDisk(info.Size()), true}
		f.waiting[channel] = append(f.waiting[channel], it)
		f.size += it.size
		f.last, _ = strconv.ParseUint(parts[1], 10, 64) // sixteen digits; the last is the greatest
	}
	return nil
}

// Close lets another process have the folder.
func (f *Folder) Close() error { return f.lock.Close() }

// onDisk is what a file of some bytes takes on disk.
func onDisk(size int64) int64 { return (size + block - 1) / block * block }

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
	it, err := f.begin(w.Channel, onDisk(int64(len(sealed))))
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
	f.last++
	it := &file{name: fmt.Sprintf("%016d.%s", f.last, channel), size: size}
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

// Count is how many webhooks wait to be stored, and how many were set aside since the folder was opened.
func (f *Folder) Count() (waiting, setAside int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, files := range f.waiting {
		waiting += len(files)
	}
	return waiting, f.aside
}

// Channels implements [whatsapp.Spool].
func (f *Folder) Channels() []flomastr.ChannelID {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.SortedFunc(maps.Keys(f.waiting), func(a, b flomastr.ChannelID) int {
		return strings.Compare(f.waiting[a][0].name, f.waiting[b][0].name)
	})
}

// Oldest implements [whatsapp.Spool].
func (f *Folder) Oldest(channel flomastr.ChannelID, n int, size int64) (list []whatsapp.Spooled, err error) {
	for _, name := range f.oldest(channel, n, size) {
		w, err := f.read(channel, name)
		switch {
		case errors.Is(err, fs.ErrNotExist): // a person removed it
			f.log.Warn("a webhook on disk is gone", "file", name)
			f.mu.Lock()
			f.forget(channel, name)
			f.mu.Unlock()
			continue
		case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE): // not this file's fault
			return nil, fmt.Errorf("read a webhook from the disk: %w", err)
		case err != nil:
			w = whatsapp.Spooled{Channel: channel, Broken: ErrUnreadable.Because(fmt.Errorf("%s: %w", name, err))}
		}
		w.ID = name
		list = append(list, w)
	}
	return list, nil
}

func (f *Folder) read(channel flomastr.ChannelID, name string) (w whatsapp.Spooled, err error) {
	sealed, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		return w, err
	}
	plain, err := f.seal.Open("", "spool", channel.String(), sealed)
	if err != nil {
		return w, err
	}
	return w, json.Unmarshal(plain, &w)
}

// oldest stops before a file that is being written: what comes after it has to wait.
func (f *Folder) oldest(channel flomastr.ChannelID, n int, size int64) (names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, it := range f.waiting[channel] {
		if size -= it.size; !it.whole || len(names) == n || size < 0 && len(names) > 0 {
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

// SetAside implements [whatsapp.Spool]. The file stays under another name and counts as long as it is there.
func (f *Folder) SetAside(w whatsapp.Spooled) error {
	path := filepath.Join(f.dir, w.ID)
	if err := os.Rename(path, path+aside); err != nil {
		return fmt.Errorf("set a webhook on disk aside: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.size += f.forget(w.Channel, w.ID)
	f.aside++
	return nil
}

// forget takes a file from the list and gives its size on disk. It is called under the lock.
func (f *Folder) forget(channel flomastr.ChannelID, name string) int64 {
	files := f.waiting[channel]
	i := slices.IndexFunc(files, func(it *file) bool { return it.name == name })
	if i < 0 {
		return 0
	}
	size := files[i].size
	f.size -= size
	if i == 0 { // as a rule, and of many
		files[0], files = nil, files[1:]
	} else {
		files = slices.Delete(files, i, i+1)
	}
	if f.waiting[channel] = files; len(files) == 0 {
		delete(f.waiting, channel)
	}
	return size
}
