package whatsapp

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// world is the database of a simulation: what package postgres keeps, for one tenant and one channel, in memory and by a
// clock of its own. Each method is one commit. What may happen is asked of the product's rules; the world keeps the rows.
type world struct {
	Store // what the simulation does not use
	rules rules

	dice *rand.Rand
	now  time.Time
	seq  int

	channel   Channel
	receipts  map[string]*line
	lines     []*line
	talks     []*talk
	jobs      []*turn
	lanes     []*laneRow
	parked    map[string][]provider.Report
	violation string
	// meanwhile lets other things happen at a place where a server may be slow; crash ends it there.
	meanwhile func()
	crash     func()
	committed func(j *turn, text string)
	outage    int // 1: the next commit of a webhook fails, 2: nobody hears that it did not
}

// rules are what decides in the world. A mutation breaks one of them.
type rules struct {
	before        func(to provider.State) []provider.State
	callOff       func(Standing) string
	fate          func(Standing, string) Fate
	heeding       func(Outcome, Owner, bool, Scope) Outcome
	material      func(before, after string) bool
	scopeOf       func(Scope) Scope // of the opt-out that is known
	windowOpen    func(until, now time.Time) bool
	noReceipts    bool // a message that was stored before is not recognised
	noFence       bool // whoever lost the lease may write
	resend        bool // a call that was cut off is made again
	neverAsk      bool // nobody looks again before the call
	overtake      bool // a message that waits for its next try lets others pass
	forgetParked  bool // what was reported early stays where it is
	forgetTurns   bool // a lane that is let go does not look for its next turn
	forgetChanges bool // a turn whose words changed is answered as it was read
	showRevoked   bool // what was taken back is read
	crowd         bool // the way to send at once does not look whether something waits
	jump          bool // the newest turn is taken first
	hold          bool // what came back late goes into the queue whatever was sent since
	hopeful       bool // a call without a clear answer counts as one that did not leave
}

func theRules() rules {
	return rules{
		before: StatesBefore, callOff: Standing.CallOff, fate: Standing.Fate, heeding: Outcome.Heeding, material: Material,
		scopeOf:    func(s Scope) Scope { return s },
		windowOpen: func(until, now time.Time) bool { return until.After(now.Add(2 * time.Minute)) },
	}
}

// talk is a conversation with its contact.
type talk struct {
	id         flomastr.ConversationID
	contact    flomastr.ContactID
	from       string
	owner      Owner
	ownerID    string
	window     time.Time
	received   time.Time
	answeredTo time.Time
	loose      bool
	optOuts    map[string]Scope // by source
	byHand     bool             // a person has had a hand in it
	stopped    bool             // there was an opt-out once
}

func (t *talk) optOut() Scope {
	scope := Scope("")
	for _, s := range t.optOuts {
		if scope == "" || s == ScopeAll {
			scope = s
		}
	}
	return scope
}

// line is a message; of one of ours also its place in the outbox.
type line struct {
	id         flomastr.MessageID
	seq        int
	talk       *talk
	direction  Direction
	speaker    flomastr.Speaker
	kind, text string
	at         time.Time
	provider   string // its id there
	target     string
	details    Details
	job        *turn
	state      provider.State
	first      bool // the first part of an answer
	marks      map[string]bool

	out       bool
	outKind   OutKind
	phase     string
	term      int64
	attempts  int
	slowed    int
	ready     time.Time
	expires   time.Time
	stale     time.Time // zero: never
	content   provider.Message
	marketing bool
}

type turn struct {
	id       flomastr.JobID
	seq      int
	talk     *talk
	state    string
	attempts int
	count    int
	made     time.Time
	ready    time.Time
	term     int64
	token    string
	stale    bool
	hand     Hand
	result   JobResult
	answer   *line
}

type laneRow struct {
	talk  *talk
	kind  LaneKind
	term  int64
	until time.Time
	ready time.Time // zero: nothing to do
}

func newWorld(dice *rand.Rand, r rules) *world {
	return &world{
		rules: r, dice: dice, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), receipts: map[string]*line{}, parked: map[string][]provider.Report{},
		channel: Channel{
			Tenant: flomastr.TenantID{1}, ID: flomastr.ChannelID{2}, Provider: "simulated", Number: "4915700000000", Status: ChannelActive,
			Worker: WorkerBoth, BothWait: 2 * time.Second, OutsideWait: time.Minute,
			Rules:         []WorkerRule{{Words: []string{"1", "3"}, Worker: WorkerN8N}, {Words: []string{"2"}, Worker: WorkerAssistant}},
			LastWebhookAt: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		},
		meanwhile: func() {}, crash: func() {},
	}
}

func (w *world) next() int { w.seq++; return w.seq }

// later rounds a wait up to whole seconds, so that the jitter of the product's own dice does not change a seed's course.
func (w *world) later(d time.Duration) time.Time {
	return w.now.Add((d + time.Second - 1).Truncate(time.Second))
}

func (w *world) lane(t *talk, kind LaneKind) *laneRow {
	for _, l := range w.lanes {
		if l.talk == t && l.kind == kind {
			return l
		}
	}
	l := &laneRow{talk: t, kind: kind}
	w.lanes = append(w.lanes, l)
	return l
}

func (w *world) wakeLane(t *talk, kind LaneKind, at time.Time) {
	l := w.lane(t, kind)
	if l.until.After(w.now) {
		return // whoever holds it will see
	}
	if l.ready.IsZero() || at.Before(l.ready) {
		l.ready = at
	}
}

func (w *world) talkOf(id flomastr.ConversationID) *talk {
	i := slices.IndexFunc(w.talks, func(t *talk) bool { return t.id == id })
	return w.talks[i]
}

func (w *world) job(id flomastr.JobID) *turn {
	i := slices.IndexFunc(w.jobs, func(j *turn) bool { return j.id == id })
	if i < 0 {
		return nil
	}
	return w.jobs[i]
}

func (w *world) line(key string) *line {
	id, err := flomastr.ParseID[flomastr.MessageID](key)
	i := slices.IndexFunc(w.lines, func(l *line) bool { return l.id == id })
	if err != nil || i < 0 {
		return nil
	}
	return w.lines[i]
}

// move is what package postgres calls moveMessage; the step is checked as it is made.
func (w *world) move(l *line, to provider.State) {
	if slices.Contains(w.rules.before(to), l.state) {
		w.set(l, to)
	}
}

func (w *world) set(l *line, to provider.State) {
	if problem := badStep(l.state, to); problem != "" {
		w.violate(problem)
	}
	l.state = to
}

func (w *world) violate(problem string) {
	if w.violation == "" {
		w.violation = problem
	}
}

// FindChannel implements ChannelStore.
func (w *world) FindChannel(context.Context, flomastr.ChannelID) (Channel, error) {
	return w.channel, nil
}

// Channel implements ChannelStore.
func (w *world) Channel(context.Context, flomastr.TenantID, flomastr.ChannelID) (Channel, error) {
	return w.channel, nil
}

// Channels implements ChannelStore.
func (w *world) Channels(context.Context, flomastr.TenantID) ([]Channel, error) {
	return []Channel{w.channel}, nil
}

// KeepUnusable implements IntakeStore.
func (w *world) KeepUnusable(context.Context, flomastr.TenantID, flomastr.ChannelID, []provider.Unusable) error {
	return nil
}

// SaveIntake implements IntakeStore.
func (w *world) SaveIntake(_ context.Context, _ flomastr.TenantID, intake []Intake) ([]Stored, error) {
	if w.outage == 1 {
		return nil, errDown
	}
	stored := make([]Stored, len(intake))
	for i, in := range intake {
		switch {
		case in.Inbound != nil:
			stored[i] = w.receive(in.Inbound, in.Hand)
		case in.Report != nil:
			w.report(*in.Report)
		}
	}
	if w.outage == 2 {
		return nil, errDown
	}
	return stored, nil
}

func (w *world) meet(from string) *talk {
	for _, t := range w.talks {
		if t.from == from {
			return t
		}
	}
	t := &talk{
		id: flomastr.NewID[flomastr.ConversationID](), contact: flomastr.NewID[flomastr.ContactID](), from: from, owner: OwnerAssistant,
		optOuts: map[string]Scope{},
	}
	w.talks = append(w.talks, t)
	return t
}

func (w *world) receive(in *Arrival, hand Hand) Stored {
	if first := w.receipts[in.ProviderID]; first != nil && !w.rules.noReceipts {
		return Stored{Message: first.id, Conversation: first.talk.id, Contact: first.talk.contact, Duplicate: true}
	}
	t := w.meet(in.From.Phone)
	heeded, confirm := w.heed(t, in)
	l := &line{
		id: in.Message, seq: w.next(), talk: t, direction: in.Direction, kind: in.Type, text: in.Text, at: in.SentAt, provider: in.ProviderID,
		target: in.Target, details: DetailsOf(in.Inbound), state: StateReceived, speaker: flomastr.SpeakerContact,
	}
	if in.Direction == Out {
		l.speaker, l.state = flomastr.SpeakerMember, provider.StateSent
	}
	w.receipts[in.ProviderID] = l
	w.lines = append(w.lines, l)
	about := in.Target != ""
	if !about && !in.History {
		w.hearNews(t, l, in, in.Direction == In && !in.Silent && !heeded, hand)
	}
	if about {
		w.change(l, in)
	} else if t.loose {
		for _, other := range w.lines {
			if other.talk == t && other.target == in.ProviderID && !other.details.Applied && mayChangeHere(other, l) {
				w.apply(l, other)
			}
		}
	}
	if confirm {
		w.insert(&line{
			id: in.WishReplyID, talk: t, speaker: flomastr.SpeakerAssistant, kind: "text", text: in.WishReply, outKind: KindNotice,
			content: provider.Message{Text: in.WishReply}, expires: w.now.Add(in.WishReplyUseful),
		})
		w.wakeLane(t, LaneSend, w.now)
	}
	return Stored{Message: l.id, Conversation: t.id, Contact: t.contact}
}

// hearNews is what a message of the talk itself changes: the window, who writes, and the turn that it joins or opens.
func (w *world) hearNews(t *talk, l *line, in *Arrival, answerable bool, hand Hand) {
	recent := !t.received.IsZero() && w.now.Sub(t.received) < 3*time.Second
	if in.Direction == In {
		t.received = w.now
		delete(t.optOuts, "unreachable")
		if until := in.SentAt.Add(24 * time.Hour); !in.Silent && until.After(t.window) {
			t.window = until
		}
	}
	if in.Echo {
		if t.owner != OwnerMember {
			t.ownerID = ""
		}
		t.owner, t.byHand = OwnerMember, true
	}
	if !answerable {
		return
	}
	wait := time.Duration(0)
	if in.Wait || recent {
		wait = in.Burst
	}
	l.job = w.openTurn(t, w.later(wait), in.Burst, hand)
	w.wakeLane(t, LaneTurn, w.later(wait))
}

// openTurn finds the turn that nobody has begun, or opens one.
func (w *world) openTurn(t *talk, ready time.Time, burst time.Duration, hand Hand) *turn {
	for _, j := range w.jobs {
		if j.talk == t && j.state == JobQueued && j.attempts == 0 {
			j.count++
			if hand.Ruled {
				j.hand = hand
			}
			if most := w.laterThan(j.made, burst); ready.After(most) {
				ready = most
			}
			if ready.After(j.ready) {
				j.ready = ready
			}
			return j
		}
	}
	j := &turn{id: flomastr.NewID[flomastr.JobID](), seq: w.next(), talk: t, state: JobQueued, count: 1, made: w.now, ready: ready, hand: hand}
	w.jobs = append(w.jobs, j)
	return j
}

func (w *world) laterThan(t time.Time, d time.Duration) time.Time {
	return t.Add((d + time.Second - 1).Truncate(time.Second))
}

func (w *world) heed(t *talk, in *Arrival) (heeded, confirm bool) {
	switch in.Wish {
	case WishStop:
		before := t.optOut()
		t.optOuts["contact"], t.stopped = ScopeAll, true
		return true, before != ScopeAll
	case WishStart:
		had := len(t.optOuts) > 0
		clear(t.optOuts)
		return had, had
	default:
		return false, false
	}
}

func mayChangeHere(by, of *line) bool { return by.direction == of.direction || by.kind == TypeReaction }

// change applies an edit or a revocation to its target, or keeps it until that comes.
func (w *world) change(by *line, in *Arrival) {
	target := w.receipts[in.Target]
	if target == nil {
		for _, l := range w.lines {
			if l.out && l.provider == in.Target {
				target = l
			}
		}
	}
	if target == nil {
		by.talk.loose = true
		return
	}
	if target.talk == by.talk && target.target == "" && mayChangeHere(by, target) {
		w.apply(target, by)
	}
}

func (w *world) apply(target, by *line) {
	change := Change{Type: by.kind, Text: by.text, At: by.at}
	if by.kind == TypeReaction {
		change.Text = by.details.Choice
	}
	before := target.text
	target.text, target.details = change.Apply(target.text, target.details)
	by.details.Applied = true
	j := target.job
	if j == nil || by.kind == TypeReaction {
		return
	}
	if j.state == JobProcessing {
		j.stale = true
	}
	answered := slices.Contains([]string{JobCompleted, JobFailed, JobExpired}, j.state) && j.result.Action != flomastr.ActionSilent
	if by.kind == TypeEdit && answered && target.text == by.text && w.rules.material(before, target.text) {
		by.job = w.openTurn(by.talk, w.now, 0, w.channel.HandOf(by.text))
		w.wakeLane(by.talk, LaneTurn, w.now)
	}
}

func (w *world) report(r provider.Report) {
	l := w.line(r.Key)
	if l == nil {
		for _, other := range w.lines {
			if other.out && other.provider != "" && other.provider == r.Key {
				l = other
			}
		}
	}
	if l == nil {
		if !slices.ContainsFunc(w.parked[r.Key], func(p provider.Report) bool { return p.Mark == r.Mark }) {
			w.parked[r.Key] = append(w.parked[r.Key], r)
		}
		return
	}
	w.learn(l, r.ProviderID)
	w.hear(l, r)
}

func (w *world) hear(l *line, r provider.Report) {
	if l.marks[r.Mark] {
		return
	}
	if l.marks == nil {
		l.marks = map[string]bool{}
	}
	l.marks[r.Mark] = true
	w.move(l, r.State)
	w.effect(l.talk, r.Effect, r.At)
}

func (w *world) learn(l *line, id string) {
	if id == "" || l.provider != "" {
		return
	}
	l.provider = id
	if w.rules.forgetParked {
		return
	}
	for _, r := range w.parked[id] {
		w.hear(l, r)
	}
	delete(w.parked, id)
}

func (w *world) effect(t *talk, e provider.Effect, at time.Time) {
	switch e {
	case provider.PauseChannel:
		w.channel.Status = ChannelPaused
	case provider.CloseWindow:
		if t.received.Before(at) && t.window.After(w.now) {
			t.window = w.now
		}
	case provider.StopAll:
		t.optOuts["provider"], t.stopped = ScopeAll, true
	case provider.StopMarketing:
		t.optOuts["marketing"] = ScopeMarketing
	case provider.Unreachable:
		t.optOuts["unreachable"] = ScopeMarketing
	}
}
