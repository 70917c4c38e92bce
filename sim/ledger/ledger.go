// Package ledger keeps what the stand-ins accepted: one JSON line a message, appended before the sender hears "accepted"
// and never changed. It is the witness of the promise "nothing is sent twice", so it removes no duplicates, outlives the
// stand-in's process and answers by recipient and time.
//
// Memory stays small whatever the file's size: only every 512th line's time and place are remembered, and a question
// about the last minutes reads the file from there.
package ledger

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"time"
)

// marksEvery is the distance, in lines, between two remembered places.
const marksEvery = 512

// Entry is one accepted message. To is in digits without +, or a business-scoped user id; Body is the message as it came.
type Entry struct {
	At        time.Time       `json:"at"`
	Provider  string          `json:"provider"`
	From      string          `json:"from"`
	To        string          `json:"to"`
	MessageID string          `json:"message_id"`
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Body      json.RawMessage `json:"body"`
}

// mark remembers that the line at offset was written at a time; every line after it is as old or younger.
type mark struct {
	at     time.Time
	offset int64
}

// Ledger is an open ledger file. It is safe for concurrent use.
type Ledger struct {
	now func() time.Time

	mu    sync.Mutex
	file  *os.File
	size  int64
	lines int64
	last  time.Time
	marks []mark
}

// Open opens or creates the ledger at path. A last line torn by a crash is cut off: its sender never heard "accepted".
func Open(path string, now func() time.Time) (*Ledger, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the ledger's folder: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	l := &Ledger{now: now, file: file}
	if err := l.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("read the ledger %s: %w", path, err), file.Close())
	}
	return l, nil
}

func (l *Ledger) load() error {
	reader := bufio.NewReaderSize(l.file, 1<<16)
	for {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return l.file.Truncate(l.size)
		}
		if err != nil {
			return err
		}
		var entry struct {
			At time.Time `json:"at"`
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			return fmt.Errorf("line %d: %w", l.lines+1, err)
		}
		l.noteLine(entry.At, len(line))
	}
}

func (l *Ledger) noteLine(at time.Time, length int) {
	if l.lines%marksEvery == 0 {
		l.marks = append(l.marks, mark{at: at, offset: l.size})
	}
	l.last = at
	l.lines++
	l.size += int64(length)
}

// Append writes one entry and returns it with its time. Times never run backwards, even when the clock does. The entry is
// with the operating system when Append returns; a crash of the process cannot lose it.
func (l *Ledger) Append(entry Entry) (Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry.At = l.now().UTC().Truncate(time.Microsecond)
	if entry.At.Before(l.last) {
		entry.At = l.last
	}
	line, err := json.Marshal(entry)
	if err != nil {
		return Entry{}, fmt.Errorf("encode a ledger entry: %w", err)
	}
	line = append(line, '\n')
	if _, err := l.file.WriteAt(line, l.size); err != nil {
		return Entry{}, errors.Join(fmt.Errorf("append to the ledger: %w", err), l.file.Truncate(l.size))
	}
	l.noteLine(entry.At, len(line))
	return entry, nil
}

// Len tells how many entries there are.
func (l *Ledger) Len() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines
}

// Read visits, oldest first, the raw lines of the entries to a recipient (any, when empty) at or after a time. It reads
// what was there when it began and does not hold up writers.
func (l *Ledger) Read(ctx context.Context, to string, since time.Time, visit func(line []byte) error) error {
	l.mu.Lock()
	end, start := l.size, l.startFor(since)
	l.mu.Unlock()

	reader := bufio.NewReaderSize(io.NewSectionReader(l.file, start, end-start), 1<<16)
	wanted, err := json.Marshal(to)
	if err != nil {
		return err
	}
	wanted = append([]byte(`"to":`), wanted...)
	for n := 0; ; n++ {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		// Cheap look first: most lines of a large ledger are for somebody else and need no decoding.
		if to != "" && !bytes.Contains(line, wanted) {
			continue
		}
		var entry struct {
			At time.Time `json:"at"`
			To string    `json:"to"`
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			return fmt.Errorf("decode a ledger entry: %w", err)
		}
		if entry.At.Before(since) || (to != "" && entry.To != to) {
			continue
		}
		if err := visit(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
			return err
		}
	}
}

// startFor is the last remembered place all of whose predecessors are older than since.
func (l *Ledger) startFor(since time.Time) int64 {
	i := sort.Search(len(l.marks), func(i int) bool { return !l.marks[i].at.Before(since) })
	if i == 0 {
		return 0
	}
	return l.marks[i-1].offset
}

// Close closes the file.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
