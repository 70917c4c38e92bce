package infobip

import (
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/flomastr/flomastr/sim/phone"
	"github.com/flomastr/flomastr/sim/postman"
)

// The files in the stand-in's folder. Both hold secrets or people's words, so both are for their owner only.
const (
	sendersFile = "senders.json"
	stateFile   = "state.gob"
)

// state is what is kept over an orderly restart: the phones, and the webhooks that nobody took yet. The ledger is a file of
// its own, for it must survive a disorderly one as well.
type state struct {
	Phones  phone.Snapshot
	Waiting []postman.Parcel
}

// load reads what an earlier stand-in left, if anything.
func (s *StandIn) load() error {
	if err := s.LoadSenders(filepath.Join(s.config.Dir, sendersFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.Open(filepath.Join(s.config.Dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the state: %w", err)
	}
	defer func() { _ = file.Close() }()
	var kept state
	if err := gob.NewDecoder(file).Decode(&kept); err != nil {
		return fmt.Errorf("read the state %s: %w", file.Name(), err)
	}
	if err := s.phones.Restore(kept.Phones); err != nil {
		return fmt.Errorf("restore the phones: %w", err)
	}
	if err := s.postman.Send(kept.Waiting...); err != nil {
		return fmt.Errorf("restore %d webhooks: %w", len(kept.Waiting), err)
	}
	// After a kill, messages were on their way to phones that are on.
	for _, profile := range s.phones.Phones("") {
		if profile.Online {
			s.wake(profile.Address())
		}
	}
	return nil
}

// LoadSenders registers the senders of a JSON file, an array of [Sender].
func (s *StandIn) LoadSenders(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the senders: %w", err)
	}
	var senders []Sender
	if err := json.Unmarshal(raw, &senders); err != nil {
		return fmt.Errorf("read the senders %s: %w", path, err)
	}
	for _, sender := range senders {
		if err := s.senders.put(sender); err != nil {
			return fmt.Errorf("sender %q of %s: %w", sender.Number, path, err)
		}
	}
	s.postman.Hurry(time.Now())
	return nil
}

func (s *StandIn) saveSenders() error {
	raw, err := json.MarshalIndent(s.senders.all(), "", "  ")
	if err != nil {
		return fmt.Errorf("encode the senders: %w", err)
	}
	s.saving.Lock()
	defer s.saving.Unlock()
	return s.replace(sendersFile, func(file *os.File) error {
		_, err := file.Write(raw)
		return err
	})
}

// Save writes down the phones and the waiting webhooks if anything changed since it last did. Called now and then, it bounds
// what a kill can take.
func (s *StandIn) Save() error {
	changes := s.phones.Changes()
	waiting, ever := s.postman.Waiting()
	now := [3]uint64{changes, ever, uint64(len(waiting))}
	s.saving.Lock()
	same := now == s.saved
	s.saved = now
	s.saving.Unlock()
	if same {
		return nil
	}
	return s.save(waiting)
}

func (s *StandIn) save(waiting []postman.Parcel) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	return s.replace(stateFile, func(file *os.File) error {
		return gob.NewEncoder(file).Encode(state{Phones: s.phones.Snapshot(), Waiting: waiting})
	})
}

// replace writes a file beside the old one and puts it in its place, so that there is always a whole one.
func (s *StandIn) replace(name string, write func(*os.File) error) error {
	file, err := os.CreateTemp(s.config.Dir, name+".*")
	if err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	err = errors.Join(write(file), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(s.config.Dir, name))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keep %s: %w", name, err), os.Remove(file.Name()))
	}
	return nil
}
