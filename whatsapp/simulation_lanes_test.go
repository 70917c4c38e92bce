package whatsapp

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// errDown is a database that cannot be reached.
var errDown = flomastr.Errorf(flomastr.Unavailable, "database_unavailable", "The database cannot be reached.")

// Wake implements LaneStore.
func (w *world) Wake(context.Context) error { return nil }

// ClaimLanes implements LaneStore.
func (w *world) ClaimLanes(_ context.Context, kind LaneKind, want int, lease time.Duration, _ []flomastr.TenantID) (lanes []Lane, err error) {
	due := []*laneRow{}
	for _, l := range w.lanes {
		if l.kind == kind && !l.ready.IsZero() && !l.ready.Add(w.handOf(l).HeadStart).After(w.now) {
			due = append(due, l)
		}
	}
	for len(due) > 0 && len(lanes) < want {
		i := w.dice.IntN(len(due))
		if j := w.head(due[i].talk); kind == LaneTurn && j != nil {
			j.hand = Hand{Worker: WorkerAssistant} // whoever begins, goes on
		}
		lanes = append(lanes, w.lease(due[i], lease))
		due = slices.Delete(due, i, i+1)
	}
	return lanes, nil
}

func (w *world) lease(l *laneRow, lease time.Duration) Lane {
	l.term++
	l.until, l.ready = w.now.Add(lease), w.now.Add(lease)
	lane := Lane{Tenant: w.channel.Tenant, Conversation: l.talk.id, Channel: w.channel.ID, Kind: l.kind, Term: l.term}
	if l.kind != LaneTurn {
		return lane
	}
	if j := w.head(l.talk); j != nil && (j.state == JobProcessing || !j.ready.After(w.now)) {
		j.state, j.attempts, j.stale, j.term, j.token = JobProcessing, j.attempts+1, false, l.term, strconv.Itoa(w.next())
		lane.Job, lane.Token, lane.Attempts = j.id, j.token, j.attempts
	}
	return lane
}

// handOf is in whose hands a lane is.
func (w *world) handOf(l *laneRow) Hand {
	if j := w.head(l.talk); l.kind == LaneTurn && j != nil {
		return j.hand
	}
	return Hand{Worker: WorkerAssistant}
}

// head is the turn of a conversation that comes next: what was begun goes first.
func (w *world) head(t *talk) (head *turn) {
	for _, j := range w.jobs {
		if j.talk != t || j.state != JobQueued && j.state != JobProcessing {
			continue
		}
		if head == nil || j.state == JobProcessing || w.rules.jump {
			head = j
		}
	}
	return head
}

// held is the lane's row if its lease is still the caller's.
func (w *world) held(lane Lane) (*laneRow, bool) {
	l := w.lane(w.talkOf(lane.Conversation), lane.Kind)
	return l, l.term == lane.Term && l.until.After(w.now) || w.rules.noFence
}

func (w *world) releaseTurns(l *laneRow) {
	l.until, l.ready = time.Time{}, time.Time{}
	if j := w.head(l.talk); j != nil && !w.rules.forgetTurns {
		l.ready = j.ready
	}
}

// RenewLane implements LaneStore.
func (w *world) RenewLane(_ context.Context, lane Lane, lease time.Duration) error {
	l, ours := w.held(lane)
	if !ours {
		return ErrLeaseLost
	}
	l.until, l.ready = w.now.Add(lease), w.now.Add(lease)
	return nil
}

// LoadTurn implements TurnStore.
func (w *world) LoadTurn(_ context.Context, lane Lane, _ int) (work Work, err error) {
	l, ours := w.held(lane)
	if !ours {
		return work, ErrLeaseLost
	}
	if lane.Job.IsZero() {
		w.releaseTurns(l)
		return work, nil
	}
	j := w.job(lane.Job)
	if j.state != JobProcessing || j.term != lane.Term && !w.rules.noFence {
		return work, ErrLeaseLost
	}
	work.Turn = flomastr.Turn{
		Tenant: lane.Tenant, Channel: lane.Channel, Conversation: lane.Conversation, Job: lane.Job, Contact: l.talk.contact, First: true,
	}
	work.Job = Job{ID: j.id, Conversation: lane.Conversation, Channel: lane.Channel, State: j.state, Attempts: j.attempts}
	work.Owner, work.OptOut, work.AnsweredTo = l.talk.owner, w.rules.scopeOf(l.talk.optOut()), l.talk.answeredTo
	for _, m := range w.lines {
		if m.talk != l.talk || m.details.RevokedAt != nil && !w.rules.showRevoked || m.target != "" && m.job != j {
			continue
		}
		said := flomastr.TurnMessage{ID: m.id, Speaker: m.speaker, Type: m.kind, Text: m.text, At: m.at}
		switch {
		case m.job == j && m.direction == In:
			work.Turn.Messages = append(work.Turn.Messages, said)
		case len(work.Turn.Messages) == 0:
			work.Turn.History = append(work.Turn.History, said)
		}
		work.Turn.First = work.Turn.First && !m.first
	}
	w.crash()
	return work, nil
}

// RetryTurn implements TurnStore.
func (w *world) RetryTurn(_ context.Context, lane Lane, after time.Duration, _ string) error {
	l, ours := w.held(lane)
	j := w.job(lane.Job)
	if !ours || j.state != JobProcessing || j.term != lane.Term && !w.rules.noFence {
		return ErrLeaseLost
	}
	j.state, j.ready, j.token = JobQueued, w.later(after), ""
	w.releaseTurns(l)
	return nil
}

// FailJob implements QueueStore.
func (w *world) FailJob(_ context.Context, lane Lane, because string) error {
	l, ours := w.held(lane)
	if !ours {
		return ErrLeaseLost
	}
	return w.finish(l, lane, JobFailed, JobResult{Action: flomastr.ActionSilent, Reason: because})
}

func (w *world) finish(l *laneRow, lane Lane, state string, result JobResult) error {
	j := w.job(lane.Job)
	if j.state != JobProcessing || j.term != lane.Term && !w.rules.noFence {
		return ErrLeaseLost
	}
	j.state, j.result, j.token = state, result, ""
	w.releaseTurns(l)
	return nil
}

// SaveDecision implements TurnStore.
func (w *world) SaveDecision(_ context.Context, lane Lane, out Outcome) (s Sending, begun bool, err error) {
	w.meanwhile()
	w.crash()
	l, ours := w.held(lane)
	j := w.job(lane.Job)
	if !ours || j.state != JobProcessing || j.term != lane.Term && !w.rules.noFence {
		return s, false, ErrLeaseLost
	}
	if j.stale && !w.rules.forgetChanges {
		j.state, j.ready, j.stale, j.token, j.attempts = JobQueued, w.now, false, "", max(j.attempts-1, 1)
		w.releaseTurns(l)
		return s, false, ErrTurnChanged
	}
	out = w.rules.heeding(out, l.talk.owner, w.answeredByPerson(j), w.rules.scopeOf(l.talk.optOut()))
	result := JobResult{Because: out.Because, Action: out.Decision.Action}
	if len(out.Messages) > 0 && out.Decision.Action != flomastr.ActionSilent {
		w.committed(j, out.Decision.Text)
		s, begun = w.queueAnswer(l.talk, j, out)
		for _, m := range w.lines {
			if m.job == j && m.direction == In && m.details.RevokedAt == nil && m.at.After(l.talk.answeredTo) {
				l.talk.answeredTo = m.at
			}
		}
	}
	if out.Decision.Action == flomastr.ActionHandOver {
		l.talk.owner, l.talk.ownerID, l.talk.byHand = OwnerMember, "", true
	}
	err = w.finish(l, lane, out.State, result)
	w.crash()
	return s, begun, err
}

func (w *world) answeredByPerson(j *turn) bool {
	asked := 0
	for _, m := range w.lines {
		if m.job == j && m.direction == In {
			asked = m.seq
		}
	}
	return slices.ContainsFunc(w.lines, func(m *line) bool {
		return m.talk == j.talk && m.speaker == flomastr.SpeakerMember && m.seq > asked
	})
}

func (w *world) queueAnswer(t *talk, j *turn, out Outcome) (s Sending, begun bool) {
	s = Sending{Lane: Lane{Tenant: w.channel.Tenant, Conversation: t.id, Channel: w.channel.ID, Kind: LaneSend}, Attempts: 1}
	lane := w.lane(t, LaneSend)
	busy := slices.ContainsFunc(w.lines, func(m *line) bool { return m.out && m.talk == t && m.phase != "settled" }) && !w.rules.crowd
	if out.SendNow && w.dice.IntN(4) > 0 && !busy && !lane.until.After(w.now) && w.channel.Status == ChannelActive && !w.channel.HeldUntil.After(w.now) && !w.channel.Outage.Open() &&
		w.rules.windowOpen(t.window, w.now) {
		lane.term++
		lane.until, lane.ready = w.now.Add(out.Lease), w.now.Add(out.Lease)
		s.Lane.Term, s.Failures, begun = lane.term, w.channel.Outage.Failures, true
	}
	for i, m := range out.Messages {
		id, _ := flomastr.ParseID[flomastr.MessageID](m.Key)
		l := &line{
			id: id, talk: t, speaker: out.Speaker, kind: "text", text: m.Text, outKind: KindAnswer, content: m, job: j, first: i == 0,
			expires: w.now.Add(out.Useful), stale: w.now.Add(out.Fresh),
		}
		if out.Decision.Action == flomastr.ActionHandOver {
			l.outKind = KindReply
		}
		w.insert(l)
		if i == 0 {
			if j.answer != nil {
				w.violate("I2: a turn is answered twice")
			}
			j.answer = l
		}
		if begun && i == 0 {
			l.phase, l.term, l.attempts = "intent", lane.term, 1
			w.set(l, provider.StateIntent)
			s.Message = w.message(l)
		}
	}
	if !begun {
		w.wakeLane(t, LaneSend, w.now)
	}
	return s, begun
}

func (w *world) message(l *line) provider.Message {
	m := l.content
	m.Key, m.To = l.id.String(), l.talk.from
	return m
}

func (w *world) insert(l *line) {
	l.seq, l.direction, l.at, l.state, l.out, l.phase, l.ready = w.next(), Out, w.now, provider.StateQueued, true, "queued", w.now
	w.lines = append(w.lines, l)
}

// BeginSend implements SendStore.
func (w *world) BeginSend(_ context.Context, lane Lane) (s Sending, err error) {
	row, ours := w.held(lane)
	if !ours {
		return s, ErrLeaseLost
	}
	for _, l := range w.lines {
		if l.out && l.talk == row.talk && l.phase == "intent" && l.term < lane.Term {
			if w.rules.resend {
				l.phase, l.state = "queued", provider.StateQueued
				continue
			}
			w.settle(l, provider.StateUnknown)
		}
	}
	for {
		l := w.nextOut(row.talk)
		if l == nil {
			w.releaseSends(row, nil)
			return s, ErrNothingDue
		}
		standing := w.standing(l)
		fate, wait, probe := w.rules.fate(standing, w.rules.callOff(standing)), w.mustWait(l), false
		if goes := fate == Goes || fate == AskedAgain; goes && wait <= 0 && w.channel.Outage.Open() {
			w.channel.Outage, probe = w.channel.Outage.Probing(w.now), true
		}
		if fate != Goes && (fate != AskedAgain || wait <= 0) {
			w.meetFate(l, fate)
			continue
		}
		if wait > 0 {
			w.releaseSends(row, &wait)
			return s, ErrNothingDue
		}
		l.phase, l.term, l.attempts = "intent", lane.Term, l.attempts+1
		w.set(l, provider.StateIntent)
		w.crash()
		return Sending{Lane: lane, Message: w.message(l), Attempts: l.attempts, Slowed: l.slowed, Failures: w.channel.Outage.Failures, Probe: probe, Expires: l.expires}, nil
	}
}

// meetFate is what package postgres calls meet.
func (w *world) meetFate(l *line, fate Fate) {
	t := l.talk
	switch fate {
	case AskedAgain:
		w.askAgain(t)
	case Replaced:
		w.callOffAnswers(t, l)
		l.content, l.text, l.stale = provider.Message{Template: w.channel.Fallback}, "[template]", time.Time{}
		if hour := w.now.Add(time.Hour); l.expires.Before(hour) {
			l.expires = hour
		}
	case HandedOver:
		w.settle(l, provider.StateFailed)
		t.owner, t.ownerID, t.byHand = OwnerMember, "", true
	default:
		w.settle(l, provider.StateFailed)
	}
}

// callOffAnswers ends the answers of which no part has left, and gives their turns.
func (w *world) callOffAnswers(t *talk, except *line) (jobs []*turn) {
	begun := map[*turn]bool{}
	for _, l := range w.lines {
		begun[l.job] = begun[l.job] || l.out && l.phase != "queued"
	}
	for _, l := range w.lines {
		if l.out && l.talk == t && l.phase == "queued" && l.outKind == KindAnswer && l != except && !begun[l.job] {
			w.settle(l, provider.StateFailed)
			jobs = append(jobs, l.job)
		}
	}
	return jobs
}

func (w *world) askAgain(t *talk) {
	jobs := w.callOffAnswers(t, nil)
	open := w.head(t)
	if open == nil {
		open = &turn{id: flomastr.NewID[flomastr.JobID](), seq: w.next(), talk: t, state: JobQueued, made: w.now, ready: w.now, hand: w.channel.HandOf("")}
		for _, j := range jobs {
			if j.hand.Ruled || !open.hand.Ruled {
				open.hand = j.hand
			}
		}
		w.jobs = append(w.jobs, open)
	}
	open.stale = open.stale || open.state == JobProcessing
	for _, m := range w.lines {
		if m.direction != In || !slices.Contains(jobs, m.job) {
			continue
		}
		m.job = open
		open.count++
		if !t.answeredTo.Before(m.at) {
			t.answeredTo = m.at.Add(-time.Microsecond)
		}
	}
	w.wakeLane(t, LaneTurn, w.now)
}

func (w *world) nextOut(t *talk) *line {
	for _, l := range w.lines {
		if l.out && l.talk == t && l.phase == "queued" && (!w.rules.overtake || !l.ready.After(w.now)) {
			return l
		}
	}
	return nil
}

func (w *world) standing(l *line) Standing {
	return Standing{
		Kind: l.outKind, Owner: l.talk.owner, OptOut: w.rules.scopeOf(l.talk.optOut()), Marketing: l.marketing,
		Template: l.content.Template != nil, WindowOpen: w.rules.windowOpen(l.talk.window, w.now), Expired: !l.expires.After(w.now),
		First: l.outKind == KindAnswer && l.first, Stale: !l.stale.IsZero() && !l.stale.After(w.now), Fallback: l.outKind == KindAnswer && w.channel.Fallback != nil,
	}
}

func (w *world) mustWait(l *line) time.Duration {
	wait := max(l.ready.Sub(w.now), w.channel.HeldUntil.Sub(w.now), w.channel.Outage.Wait(w.now), 0)
	if w.channel.Status != ChannelActive {
		wait = max(wait, 30*time.Second)
	}
	return wait
}

func (w *world) releaseSends(l *laneRow, wait *time.Duration) {
	l.until, l.ready = time.Time{}, time.Time{}
	if wait != nil {
		l.ready = w.later(max(*wait, 0))
	}
}

func (w *world) settle(l *line, state provider.State) {
	l.phase = "settled"
	w.move(l, state)
}

// MayCall implements SendStore.
func (w *world) MayCall(_ context.Context, s Sending) (string, error) {
	w.meanwhile()
	l := w.line(s.Message.Key)
	now := Standing{WindowOpen: true, Kind: l.outKind, Owner: l.talk.owner, OptOut: w.rules.scopeOf(l.talk.optOut()), Marketing: l.marketing}
	if _, ours := w.held(s.Lane); !ours {
		return "", ErrLeaseLost
	}
	if w.rules.neverAsk {
		return "", nil
	}
	recalled := w.rules.callOff(now)
	if recalled == "" && l.content.Template == nil && !w.rules.windowOpen(l.talk.window, w.now.Add(-2*time.Minute)) {
		return "", ErrWindowClosed
	}
	return recalled, nil
}

// SettleSend implements SendStore.
func (w *world) SettleSend(_ context.Context, s Sending, r Result) (more bool, err error) {
	w.meanwhile()
	w.crash()
	row, ours := w.held(s.Lane)
	l := w.line(s.Message.Key)
	w.settleResult(l, s, r, ours)
	switch {
	case r.Away:
		w.channel.Outage = w.channel.Outage.Failed(w.now, r.Unit, s.Probe)
	case r.Answered && s.Failures > 0:
		w.channel.Outage = w.channel.Outage.Answered(w.now)
	}
	if !ours {
		return false, nil
	}
	if next := w.nextOut(row.talk); next != nil {
		wait := w.mustWait(next)
		w.releaseSends(row, &wait)
		return wait <= 0, nil
	}
	w.releaseSends(row, nil)
	w.crash()
	return false, nil
}

// putBack lets a message that did not leave wait for its next try.
func (w *world) putBack(l *line, r Result) {
	l.phase, l.ready = "queued", w.later(r.After)
	if r.Free {
		l.attempts--
	}
	if r.Err.Throttled {
		l.slowed++
	}
}

func (w *world) settleResult(l *line, s Sending, r Result, held bool) {
	if r.Err == nil {
		w.settle(l, r.Accepted.State)
		w.learn(l, r.Accepted.ProviderID)
		return
	}
	if r.Err.Throttled && w.later(r.After).After(w.channel.HeldUntil) {
		w.channel.HeldUntil = w.later(r.After)
	}
	w.effect(l.talk, r.Err.Effect, w.now)
	if r.Retry && held && l.phase == "intent" && l.term == s.Lane.Term {
		w.putBack(l, r)
		if l.state == provider.StateIntent {
			w.set(l, provider.StateQueued)
		}
		return
	}
	if r.Retry && held {
		return
	}
	if r.Retry && l.term == s.Lane.Term && l.phase != "queued" && (l.state == provider.StateIntent || l.state == provider.StateUnknown) {
		overtaken := slices.ContainsFunc(w.lines, func(m *line) bool {
			return m.out && m.talk == l.talk && m.seq > l.seq && m.phase != "queued"
		})
		if !overtaken || w.rules.hold {
			w.putBack(l, r)
			w.set(l, provider.StateQueued)
			w.wakeLane(l.talk, LaneSend, w.now)
			return
		}
	}
	state := provider.StateFailed
	if r.Err.Outcome == provider.Unknown {
		state = provider.StateUnknown
	}
	w.settle(l, state)
}

// ClaimJob implements QueueStore.
func (w *world) ClaimJob(_ context.Context, _ flomastr.TenantID, _ string, lease time.Duration) (Lane, error) {
	for _, l := range w.lanes {
		if l.kind != LaneTurn || l.ready.IsZero() || l.ready.After(w.now) || w.handOf(l).Worker == WorkerAssistant {
			continue
		}
		lane := w.lease(l, lease)
		if lane.Job.IsZero() {
			w.releaseTurns(l)
			return lane, ErrNoJob
		}
		return lane, nil
	}
	return Lane{}, ErrNoJob
}

// Job implements QueueStore.
func (w *world) Job(_ context.Context, _ flomastr.TenantID, id flomastr.JobID) (Job, error) {
	j := w.job(id)
	return Job{ID: j.id, Conversation: j.talk.id, State: j.state, Attempts: j.attempts, Token: j.token, Term: j.term}, nil
}

// LaneOfJob implements QueueStore.
func (w *world) LaneOfJob(_ context.Context, tenant flomastr.TenantID, id flomastr.JobID, token string) (Lane, error) {
	j := w.job(id)
	lane := Lane{Tenant: tenant, Conversation: j.talk.id, Channel: w.channel.ID, Kind: LaneTurn, Term: j.term, Job: id, Token: token}
	if _, ours := w.held(lane); !ours || j.state != JobProcessing || j.token != token && !w.rules.noFence {
		return lane, ErrLeaseLost
	}
	return lane, nil
}

// Conversation implements InboxStore.
func (w *world) Conversation(_ context.Context, _ flomastr.TenantID, id flomastr.ConversationID) (Conversation, error) {
	t := w.talkOf(id)
	return Conversation{ID: id, Channel: w.channel.ID, OwnerKind: t.owner, OwnerID: t.ownerID, Contact: Contact{ID: t.contact}}, nil
}

// Message implements InboxStore.
func (w *world) Message(_ context.Context, _ flomastr.TenantID, id flomastr.MessageID) (Message, error) {
	l := w.line(id.String())
	return Message{ID: id, Conversation: l.talk.id, Text: l.text, State: l.state}, nil
}

// FindConversation implements InboxStore.
func (w *world) FindConversation(_ context.Context, _ flomastr.TenantID, _ flomastr.ChannelID, to provider.Address) (flomastr.ConversationID, error) {
	for _, t := range w.talks {
		if t.from == to.Phone {
			return t.id, nil
		}
	}
	return flomastr.ConversationID{}, ErrConversationNotFound
}

// OpenThread implements InboxStore.
func (w *world) OpenThread(_ context.Context, _ flomastr.TenantID, _ flomastr.ChannelID, to provider.Address) (flomastr.ConversationID, error) {
	return w.meet(to.Phone).id, nil
}

// SaveOutgoing implements InboxStore.
func (w *world) SaveOutgoing(_ context.Context, _ flomastr.TenantID, out Outgoing) (Message, error) {
	t := w.talkOf(out.Conversation)
	switch {
	case w.channel.Status != ChannelActive:
		return Message{}, ErrChannelPaused
	case t.owner == OwnerMember && (out.Speaker != flomastr.SpeakerMember || t.ownerID != "" && t.ownerID != out.Author):
		return Message{}, ErrConversationOwned
	case !w.rules.scopeOf(t.optOut()).Allows(out.Marketing):
		return Message{}, ErrOptedOut
	case !w.rules.windowOpen(t.window, w.now) && out.Message.Template == nil:
		return Message{}, ErrWindowClosed
	}
	id, _ := flomastr.ParseID[flomastr.MessageID](out.Message.Key)
	w.insert(&line{
		id: id, talk: t, speaker: out.Speaker, kind: "text", text: out.Message.Text, outKind: KindReply, content: out.Message,
		marketing: out.Marketing, expires: w.now.Add(out.Useful),
	})
	if out.TakeOver {
		t.owner, t.ownerID = OwnerMember, out.Author
	}
	t.byHand = t.byHand || out.Speaker == flomastr.SpeakerMember
	w.wakeLane(t, LaneSend, w.now)
	return Message{ID: id, Conversation: t.id, State: provider.StateQueued}, nil
}

// SetOwner implements InboxStore.
func (w *world) SetOwner(_ context.Context, _ flomastr.TenantID, id flomastr.ConversationID, change OwnerChange) (Conversation, error) {
	t := w.talkOf(id)
	if change.Kind != "" {
		t.owner, t.ownerID, t.byHand = change.Kind, change.ID, t.byHand || change.Kind == OwnerMember
	}
	return Conversation{ID: id, OwnerKind: t.owner}, nil
}
