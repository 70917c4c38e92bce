package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

const (
	// residentBytes bounds the indexes in memory, all tenants' together. A thousand passages take about four megabytes.
	residentBytes = 128 << 20
	// Reading an index into memory costs about as much as this many questions that the database answers, so it begins
	// when so many have been asked without a change between them: a brain that is being filled, or seldom asked, never
	// pays for it.
	questionsBeforeLoading = 8
	loadTimeout            = 30 * time.Second
)

var errIndexTooLarge = errors.New("the index is too large to be held in memory")

// residents holds the indexes of tenants that are asked often. One serves exactly the questions that were read against
// its stamp, so it can be late but never wrong; whatever it lacks, the database answers. It goes with the tenant's pool of
// connections: after a minute without a question, or when the tenant is erased.
type residents struct {
	db     *DB
	most   int // bytes
	ctx    context.Context
	cancel context.CancelFunc
	loads  sync.WaitGroup

	mu    sync.Mutex
	held  map[flomastr.TenantID]*resident
	bytes int
}

// resident is what is known of one tenant's index.
type resident struct {
	stamp   string // of the last question
	asked   int    // questions with this stamp that the database had to answer
	loading bool
	refused bool // too large, as long as the stamp is this
	index   *contextengine.Resident
	used    time.Time
}

func newResidents(db *DB) *residents {
	ctx, cancel := context.WithCancel(context.Background())
	return &residents{db: db, most: residentBytes, ctx: ctx, cancel: cancel, held: map[flomastr.TenantID]*resident{}}
}

// index gives the index that a question was read against, or nil. Asked often enough, it begins to read it.
func (r *residents) index(tenant flomastr.TenantID, ask contextengine.CandidateQuery) *contextengine.Resident {
	if !ask.Exact || ask.Vector == nil || len(ask.Changes) > 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.held[tenant]
	if h == nil {
		h = &resident{}
		r.held[tenant] = h
	}
	if h.index != nil && h.index.Stamp == ask.Stamp && h.index.Model == ask.Model {
		h.used = time.Now()
		return h.index
	}
	if h.stamp != ask.Stamp {
		h.stamp, h.asked, h.refused = ask.Stamp, 0, false
		r.empty(h)
	}
	if h.asked++; h.asked >= questionsBeforeLoading && !h.loading && !h.refused && r.ctx.Err() == nil {
		h.loading = true
		r.loads.Go(func() { r.load(tenant, h) })
	}
	return nil
}

// load reads an index and keeps it. What is wrong with the database shows where questions are answered; here it only
// means that the next attempt comes after some more of them.
func (r *residents) load(tenant flomastr.TenantID, h *resident) {
	ctx, cancel := context.WithTimeout(r.ctx, loadTimeout)
	defer cancel()
	var index *contextengine.Resident
	err := r.db.InCold(ctx, tenant, func(tx pgx.Tx) (err error) {
		index, err = readIndex(ctx, tx)
		return err
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	h.loading, h.asked = false, 0
	h.refused = errors.Is(err, errIndexTooLarge)
	if err != nil || r.held[tenant] != h || !r.fit(index.Bytes()) {
		return
	}
	r.empty(h)
	h.index, h.used = index, time.Now()
	r.bytes += index.Bytes()
}

// fit makes room by letting go of what was used longest ago.
func (r *residents) fit(bytes int) bool {
	if bytes > r.most {
		return false
	}
	for r.bytes+bytes > r.most {
		var oldest *resident
		for _, h := range r.held {
			if h.index != nil && (oldest == nil || h.used.Before(oldest.used)) {
				oldest = h
			}
		}
		r.empty(oldest)
	}
	return true
}

func (r *residents) empty(h *resident) {
	if h.index != nil {
		r.bytes -= h.index.Bytes()
		h.index = nil
	}
}

func (r *residents) forget(tenant flomastr.TenantID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.held[tenant]; h != nil {
		r.empty(h)
		delete(r.held, tenant)
	}
}

func (r *residents) close() {
	r.cancel()
	r.loads.Wait()
}

// readIndex reads a whole index as it is at one moment.
func readIndex(ctx context.Context, tx pgx.Tx) (*contextengine.Resident, error) {
	if _, err := tx.Exec(ctx, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`); err != nil {
		return nil, err
	}
	var stamp, model string
	if err := tx.QueryRow(ctx, `SELECT stamp::text, model FROM corpus`).Scan(&stamp, &model); err != nil {
		return nil, err
	}
	index := contextengine.NewResident(stamp, model)
	for _, read := range []func(context.Context, pgx.Tx, *contextengine.Resident) error{readItems, readPassages, readPostings, readVectors} {
		if err := read(ctx, tx, index); err != nil {
			return nil, err
		}
		if index.Bytes() > residentBytes {
			return nil, errIndexTooLarge
		}
	}
	return index, nil
}

func readItems(ctx context.Context, tx pgx.Tx, index *contextengine.Resident) error {
	rows, err := tx.Query(ctx, `SELECT id, source, type, tags, updated_at FROM knowledge_items`)
	if err != nil {
		return err
	}
	var id flomastr.ItemID
	var source contextengine.Origin
	var kind string
	var tags []string
	var changed time.Time
	_, err = pgx.ForEachRow(rows, []any{&id, &source, &kind, &tags, &changed}, func() error {
		index.AddItem(id, source, kind, tags, changed)
		return nil
	})
	return err
}

func readPassages(ctx context.Context, tx pgx.Tx, index *contextengine.Resident) error {
	rows, err := tx.Query(ctx, `
		SELECT p.item_id, p.no, p.words, b.bag
		FROM passages p
		JOIN passage_bags b USING (no)
		WHERE p.no > 0
		ORDER BY p.no`)
	if err != nil {
		return err
	}
	var item flomastr.ItemID
	var no, length int
	var packed []byte
	_, err = pgx.ForEachRow(rows, []any{&item, &no, &length, &packed}, func() error {
		bag, err := ranking.Unpack(packed)
		index.AddPassage(item, no, length, bag)
		return err
	})
	return err
}

// readPostings reads the numbers as they come over the wire: there are sixty of them for each passage.
func readPostings(ctx context.Context, tx pgx.Tx, index *contextengine.Resident) error {
	rows, err := tx.Query(ctx, `SELECT term, no, quarters FROM postings WHERE no > 0`, pgx.QueryResultFormats{pgx.BinaryFormatCode})
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		v := rows.RawValues()
		index.AddPosting(analysis.Term(binary.BigEndian.Uint64(v[0])), int(binary.BigEndian.Uint32(v[1])), int(binary.BigEndian.Uint16(v[2])))
	}
	return rows.Err()
}

// readVectors reads pgvector's own binary form: two bytes for how many numbers, two of nothing, then the numbers.
func readVectors(ctx context.Context, tx pgx.Tx, index *contextengine.Resident) error {
	rows, err := tx.Query(ctx, `SELECT no, halfvec_send(embedding) FROM passage_vectors WHERE model = $1 AND no > 0`, index.Model)
	if err != nil {
		return err
	}
	var no int
	var sent []byte
	_, err = pgx.ForEachRow(rows, []any{&no, &sent}, func() error {
		vector := make([]float32, len(sent)/2-2)
		for i := range vector {
			vector[i] = half(binary.BigEndian.Uint16(sent[4+2*i:]))
		}
		index.AddVector(no, vector)
		return nil
	})
	return err
}

// half is a number of 16 bits (IEEE 754 binary16) in 32.
func half(bits uint16) float32 {
	sign, exponent, fraction := uint32(bits>>15)<<31, uint32(bits>>10)&31, uint32(bits)&1023
	if exponent == 0 { // too small for the usual form
		return math.Float32frombits(sign|0x3f800000) * float32(fraction) / (1 << 24)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
