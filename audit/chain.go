package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/flomastr/flomastr"
)

// LineID names a line over all logs.
type LineID = flomastr.ID[Record]

// Line is a record as it stands in the log. Seq counts from 1 in each tenant's log and in the platform's; it is zero for
// a line from before the log was chained.
type Line struct {
	Record
	ID        LineID
	Seq       int64
	At        time.Time
	RequestID string
	Prev      []byte // the hash of the line before; empty for the first
	Hash      []byte
}

// Head says where a chain ends. It is kept apart from the lines, so that a log whose end was cut off does not look whole.
type Head struct {
	Seq  int64
	Hash []byte
	MAC  []byte
}

// Key makes the hashes of the chains. Who can write to the database but does not hold the key cannot make a line, or
// continue a chain after a change.
type Key []byte

// Line is the hash of a line: over every field, over the hash of the line before, and over whose log it stands in.
func (k Key) Line(l Line) []byte {
	mac := hmac.New(sha256.New, k)
	writeParts(mac, "flomastr audit line", l.Tenant.String(), strconv.FormatInt(l.Seq, 10), string(l.Prev), fields(l))
	return mac.Sum(nil)
}

// Head is the code that makes an end of a tenant's chain believable.
func (k Key) Head(tenant flomastr.TenantID, seq int64, hash []byte) []byte {
	mac := hmac.New(sha256.New, k)
	writeParts(mac, "flomastr audit head", tenant.String(), strconv.FormatInt(seq, 10), string(hash))
	return mac.Sum(nil)
}

// Chain puts lines behind a head, in their order, and gives the new head.
func (k Key) Chain(tenant flomastr.TenantID, head Head, lines []Line) Head {
	for i := range lines {
		lines[i].Seq, lines[i].Prev = head.Seq+1, head.Hash
		lines[i].Hash = k.Line(lines[i])
		head.Seq, head.Hash = lines[i].Seq, lines[i].Hash
	}
	head.MAC = k.Head(tenant, head.Seq, head.Hash)
	return head
}

// ActionChained is the first line of a log that had lines before there was a chain. It vouches for them.
const ActionChained = "audit_log.chained"

// Past sums up the lines from before the chain, in the order of their ids.
type Past struct {
	sum   hash.Hash
	lines int
}

// Add takes the next line.
func (p *Past) Add(l Line) {
	if p.sum == nil {
		p.sum = sha256.New()
	}
	writeParts(p.sum, fields(l))
	p.lines++
}

// Lines is how many were added.
func (p *Past) Lines() int { return p.lines }

// Record is what the first line of the chain says of them.
func (p *Past) Record(tenant flomastr.TenantID) Record {
	return Record{Tenant: tenant, Actor: flomastr.ActorSystem, Action: ActionChained, Outcome: Done, Detail: p.detail()}
}

func (p *Past) detail() map[string]string {
	if p.sum == nil {
		return map[string]string{}
	}
	return map[string]string{"lines": strconv.Itoa(p.lines), "sha256": hex.EncodeToString(p.sum.Sum(nil))}
}

// fields is the one text of what a line says. PostgreSQL keeps microseconds, so that is what is hashed.
func fields(l Line) string {
	parts := []string{
		l.ID.String(), strconv.FormatInt(l.At.UnixMicro(), 10), string(l.Actor), string(l.Impersonator), l.Action, l.Object,
		string(l.Outcome), l.RequestID,
	}
	for _, key := range slices.Sorted(maps.Keys(l.Detail)) {
		parts = append(parts, key, l.Detail[key])
	}
	return string(joined(parts))
}

// joined puts the length in front of each part, so that no two lists of parts share one text.
func joined(parts []string) []byte {
	var b []byte
	for _, part := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(part)))
		b = append(b, part...)
	}
	return b
}

func writeParts(to hash.Hash, parts ...string) { _, _ = to.Write(joined(parts)) } // a hash takes everything
