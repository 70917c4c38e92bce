package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
)

// log is a tenant's chain of five lines as the database keeps it.
type log struct {
	key    Key
	tenant flomastr.TenantID
	lines  []Line
	head   Head
}

func newLog() *log {
	l := &log{key: Key("a key of thirty-two bytes of text"), tenant: flomastr.NewID[flomastr.TenantID]()}
	for i := range 5 {
		l.lines = append(l.lines, Line{
			Record: Record{
				Tenant: l.tenant, Actor: "user:i|sara", Impersonator: "user:i|root", Action: "policies.changed", Object: "tenant:x",
				Outcome: Done, Detail: map[string]string{"before": "1", "after": "2"},
			},
			ID: flomastr.NewID[LineID](), At: time.Date(2030, 1, 2, 3, 4, i, 0, time.UTC), RequestID: "req_1",
		})
	}
	l.head = l.key.Chain(l.tenant, Head{}, l.lines)
	return l
}

func (l *log) verify() Verdict {
	walk := NewWalk(l.key, l.tenant)
	for _, line := range l.lines {
		walk.Step(line)
	}
	return walk.End(l.head)
}

// resealed is what somebody who does not have the key can make fit: everything but the codes.
func resealed(lines []Line) {
	for i := range lines {
		if lines[i].Seq = int64(i + 1); i > 0 {
			lines[i].Prev = lines[i-1].Hash
		}
	}
}

func TestAWholeLogVerifies(t *testing.T) {
	t.Parallel()
	verdict := newLog().verify()
	require.Nil(t, verdict.Break)
	require.EqualValues(t, 5, verdict.Lines)
	require.Nil(t, (&log{key: Key("k"), tenant: flomastr.NewID[flomastr.TenantID]()}).verify().Break, "nor does an empty one break")
}

func TestEveryChangeOfALogIsFoundWhereItIs(t *testing.T) {
	t.Parallel()
	third := func(change func(*Line)) func(*log) { return func(l *log) { change(&l.lines[2]) } }
	for name, c := range map[string]struct {
		change func(*log)
		at     int64
	}{
		"another tenant's":          {third(func(l *Line) { l.Tenant = flomastr.NewID[flomastr.TenantID]() }), 3},
		"another id":                {third(func(l *Line) { l.ID = flomastr.NewID[LineID]() }), 3},
		"another time":              {third(func(l *Line) { l.At = l.At.Add(time.Microsecond) }), 3},
		"another actor":             {third(func(l *Line) { l.Actor = "user:i|tom" }), 3},
		"no impersonator":           {third(func(l *Line) { l.Impersonator = "" }), 3},
		"another action":            {third(func(l *Line) { l.Action = "policies.read" }), 3},
		"another object":            {third(func(l *Line) { l.Object = "tenant:y" }), 3},
		"another outcome":           {third(func(l *Line) { l.Outcome = Denied }), 3},
		"another request":           {third(func(l *Line) { l.RequestID = "req_2" }), 3},
		"another value":             {third(func(l *Line) { l.Detail = map[string]string{"before": "1", "after": "3"} }), 3},
		"another name of a value":   {third(func(l *Line) { l.Detail = map[string]string{"before": "1", "later": "2"} }), 3},
		"a value less":              {third(func(l *Line) { l.Detail = map[string]string{"before": "1"} }), 3},
		"text moved between fields": {third(func(l *Line) { l.Action, l.Object = "policies.changedtenant:x", "" }), 3},
		"another hash":              {third(func(l *Line) { l.Hash = slices.Repeat([]byte{7}, 32) }), 3},
		"another line before":       {third(func(l *Line) { l.Prev = slices.Repeat([]byte{7}, 32) }), 3},
		"a number that jumps":       {third(func(l *Line) { l.Seq = 30 }), 3},
		"a number again":            {third(func(l *Line) { l.Seq = 2 }), 2},
		"taken out":                 {func(l *log) { l.lines = slices.Delete(l.lines, 2, 3) }, 3},
		"taken out and closed up":   {func(l *log) { l.lines = slices.Delete(l.lines, 2, 3); resealed(l.lines) }, 3},
		"the first taken out":       {func(l *log) { l.lines = l.lines[1:] }, 1},
		"two in the other order":    {func(l *log) { l.lines[2], l.lines[3] = l.lines[3], l.lines[2] }, 3},
		"two swapped":               {func(l *log) { l.lines[2], l.lines[3] = l.lines[3], l.lines[2]; resealed(l.lines) }, 3},
		"doubled":                   {func(l *log) { l.lines = slices.Insert(l.lines, 3, l.lines[2]) }, 3},
		"cut off":                   {func(l *log) { l.lines = l.lines[:3] }, 4},
		"emptied":                   {func(l *log) { l.lines = nil }, 1},
		"emptied with its end":      {func(l *log) { l.lines, l.head = nil, Head{Seq: 1, Hash: l.lines[0].Hash} }, 0},
		"cut off with its end":      {func(l *log) { l.lines, l.head.Seq, l.head.Hash = l.lines[:3], 3, l.lines[2].Hash }, 3},
		"no end":                    {func(l *log) { l.head = Head{} }, 5},
		"an older end":              {func(l *log) { l.head = l.key.Chain(l.tenant, Head{}, slices.Clone(l.lines[:3])) }, 5},
		"the end of another tenant": {func(l *log) { l.head.MAC = l.key.Head(flomastr.NewID[flomastr.TenantID](), l.head.Seq, l.head.Hash) }, 5},
		"another end of as many": {func(l *log) {
			l.head.Hash = slices.Repeat([]byte{7}, 32)
			l.head.MAC = l.key.Head(l.tenant, 5, l.head.Hash)
		}, 5},
		"a plain hash":           {third(func(l *Line) { sum := sha256.Sum256([]byte(fields(*l))); l.Hash = sum[:] }), 3},
		"another installation's": {func(l *log) { l.head = Key("another").Chain(l.tenant, Head{}, l.lines) }, 1},
		"two histories in one": {func(l *log) { // such as of a backup that was taken up again
			other := slices.Clone(l.lines)
			other[2].Object = "tenant:y"
			l.head = l.key.Chain(l.tenant, Head{}, other)
			l.lines = append(slices.Clone(l.lines[:3]), other[3:]...)
		}, 4},
		"put in without a number": {func(l *log) { l.lines = slices.Insert(l.lines, 0, Line{ID: flomastr.NewID[LineID]()}) }, 0},
	} {
		l := newLog()
		c.change(l)
		verdict := l.verify()
		require.NotNil(t, verdict.Break, name)
		require.Equal(t, c.at, verdict.Break.Seq, "%s: %v", name, verdict.Break)
	}
}

func TestLinesOfNoChainAreNoLog(t *testing.T) {
	t.Parallel()
	l := &log{key: Key("k"), tenant: flomastr.NewID[flomastr.TenantID](), lines: []Line{{ID: flomastr.NewID[LineID]()}}}
	require.NotNil(t, l.verify().Break)
}

func TestWhatIsOlderThanTheChainIsVouchedForByItsFirstLine(t *testing.T) {
	t.Parallel()
	old := func() *log {
		l := newLog()
		older := []Line{{ID: flomastr.NewID[LineID](), Record: Record{Action: "a"}}, {ID: flomastr.NewID[LineID](), Record: Record{Action: "b"}}}
		var past Past
		for _, line := range older {
			past.Add(line)
		}
		chained := []Line{{Record: past.Record(l.tenant), ID: flomastr.NewID[LineID]()}}
		l.head = l.key.Chain(l.tenant, Head{}, chained)
		l.lines = append(older, chained...)
		return l
	}
	verdict := old().verify()
	require.Nil(t, verdict.Break)
	require.Equal(t, 2, verdict.Past)
	for name, change := range map[string]func(*log){
		"changed":   func(l *log) { l.lines[1].Action = "c" },
		"taken out": func(l *log) { l.lines = l.lines[1:] },
		"all taken": func(l *log) { l.lines = l.lines[2:] },
		"put in":    func(l *log) { l.lines = slices.Insert(l.lines, 0, Line{ID: flomastr.NewID[LineID]()}) },
	} {
		l := old()
		change(l)
		require.NotNil(t, l.verify().Break, name)
	}
}

func TestTheCodesOfALineAndOfAnEndAreNotEachOthers(t *testing.T) {
	t.Parallel()
	l := newLog()
	require.False(t, hmac.Equal(l.key.Head(l.tenant, 1, nil), l.key.Line(Line{Record: Record{Tenant: l.tenant}, Seq: 1})))
	require.NotEqual(t, l.key.Head(l.tenant, 5, l.head.Hash), l.key.Head(flomastr.TenantID{}, 5, l.head.Hash))
	require.NotEqual(t, l.key.Head(l.tenant, 5, l.head.Hash), l.key.Head(l.tenant, 6, l.head.Hash))
}
