package whatsapp

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

var (
	seeds    = flag.Uint64("seeds", 2000, "how many simulations TestSimulation plays")
	onlySeed = flag.Uint64("seed", 0, "play this simulation alone")
	writeTo  = flag.String("simulated", "", "a file for the result, in the form of chaos.json")
)

// TestSimulation lets the engine live through as many little worlds as it is told to, each made of one seed, and checks after
// every step what docs/simulation.md lists. A seed that fails is played again by -run TestSimulation -seed=N.
func TestSimulation(t *testing.T) {
	t.Parallel()
	first, last := uint64(1), *seeds
	if *onlySeed != 0 {
		first, last = *onlySeed, *onlySeed
	}
	began := time.Now()
	var failed sync.Map
	var turns, calls, unknown, crashes atomic.Uint64
	each(first, last, func(seed uint64) bool {
		s := simulate(seed, theRules())
		if s.violation != "" {
			failed.Store(seed, s.violation)
		}
		calls.Add(uint64(len(s.taken)))
		for _, l := range s.lines {
			if l.state == provider.StateUnknown {
				unknown.Add(1)
			}
		}
		turns.Add(uint64(len(s.jobs)))
		crashes.Add(uint64(s.crashes))
		return s.violation == ""
	})
	violations := []string{}
	failed.Range(func(seed, problem any) bool {
		violations = append(violations, fmt.Sprintf("seed %d: %v", seed, problem))
		return true
	})
	slices.Sort(violations)
	fmt.Printf("simulation: seeds %d to %d: %d turns, %d messages taken by the provider, %d unknown, %d crashes, %d violations, %s\n",
		first, last, turns.Load(), calls.Load(), unknown.Load(), crashes.Load(), len(violations), time.Since(began).Round(time.Millisecond))
	if *writeTo != "" {
		addResult(t, *writeTo, map[string]any{"scenario": "simulation", "seed": *onlySeed, "seeds": last - first + 1, "violations": violations})
	}
	require.Empty(t, violations)
}

// addResult puts a result behind those of the scenarios that run elsewhere.
func addResult(t *testing.T, name string, result map[string]any) {
	t.Helper()
	var results []map[string]any
	raw, err := os.ReadFile(name)
	if err == nil {
		require.NoError(t, json.Unmarshal(raw, &results))
	}
	raw, err = json.MarshalIndent(append(results, result), "", "  ")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, append(raw, '\n'), 0o600))
}

// each plays seeds on all processors until one fails.
func each(first, last uint64, play func(seed uint64) bool) {
	var next atomic.Uint64
	next.Store(first - 1)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for seed := next.Add(1); seed <= last; seed = next.Add(1) {
				if !play(seed) {
					next.Store(last)
				}
			}
		})
	}
	group.Wait()
}

// TestTheSimulationFindsWhatIsBroken breaks one rule at a time: a checker that finds nothing would prove nothing.
func TestTheSimulationFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	everything := []provider.State{
		provider.StateQueued, provider.StateIntent, provider.StateUnknown, provider.StateAccepted, provider.StateSent, provider.StateDelivered,
		provider.StateRead, provider.StateFailed,
	}
	for name, breakIt := range map[string]func(*rules){
		"a message's state may go back": func(r *rules) { r.before = func(provider.State) []provider.State { return everything } },
		"a failure after the delivery counts": func(r *rules) {
			r.before = func(to provider.State) []provider.State {
				if to == provider.StateFailed {
					return everything
				}
				return StatesBefore(to)
			}
		},
		"a delivery after a failure is ignored": func(r *rules) {
			r.before = func(to provider.State) []provider.State {
				return slices.DeleteFunc(slices.Clone(StatesBefore(to)), func(s provider.State) bool { return s == provider.StateFailed })
			}
		},
		"nothing calls a message off": func(r *rules) { r.callOff = func(Standing) string { return "" } },
		"a person who took over does not call an answer off": func(r *rules) {
			r.callOff = func(s Standing) string { s.Owner = OwnerAssistant; return s.CallOff() }
		},
		"an answer that waited for long is sent as it is": func(r *rules) {
			r.fate = func(s Standing, callOff string) Fate { s.Stale = false; return s.Fate(callOff) }
		},
		"an opt-out is not looked at": func(r *rules) { r.scopeOf = func(Scope) Scope { return "" } },
		"an opt-out of advertising is not looked at": func(r *rules) {
			r.scopeOf = func(s Scope) Scope {
				if s == ScopeMarketing {
					return ""
				}
				return s
			}
		},
		"the window is not looked at":                       func(r *rules) { r.windowOpen = func(time.Time, time.Time) bool { return true } },
		"an edit after the answer is never news":            func(r *rules) { r.material = func(string, string) bool { return false } },
		"a message that came before is taken for a new one": func(r *rules) { r.noReceipts = true },
		"whoever lost the lease may write":                  func(r *rules) { r.noFence = true },
		"a call that was cut off is made again":             func(r *rules) { r.resend = true },
		"nobody looks again before the call":                func(r *rules) { r.neverAsk = true },
		"a message that waits lets others pass":             func(r *rules) { r.overtake = true },
		"what was reported early is forgotten":              func(r *rules) { r.forgetParked = true },
		"a lane that is let go forgets its next turn":       func(r *rules) { r.forgetTurns = true },
		"a turn whose words changed is answered as read":    func(r *rules) { r.forgetChanges = true },
		"what was taken back is read":                       func(r *rules) { r.showRevoked = true },
		"an answer leaves at once although others wait":     func(r *rules) { r.crowd = true },
		"the newest turn goes first":                        func(r *rules) { r.jump = true },
		"what came back late goes before what was sent":     func(r *rules) { r.hold = true },
		"a call without a clear answer did not leave":       func(r *rules) { r.hopeful = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broken := theRules()
			breakIt(&broken)
			for seed := uint64(1); seed <= 20_000; seed++ {
				if s := simulate(seed, broken); s.violation != "" {
					t.Logf("seed %d: %s", seed, s.violation)
					return
				}
			}
			t.Error("nothing was found")
		})
	}
}

// TestASeedIsAlwaysTheSameWorld: a seed that failed would be worth nothing if it could not be played again.
func TestASeedIsAlwaysTheSameWorld(t *testing.T) {
	t.Parallel()
	course := func(seed uint64) string {
		s := simulate(seed, theRules())
		var told strings.Builder
		for _, l := range s.lines {
			_, _ = fmt.Fprintln(&told, l.seq, l.direction, l.kind, l.text, l.state, l.attempts, l.at)
		}
		for _, j := range s.jobs {
			_, _ = fmt.Fprintln(&told, j.seq, j.state, j.attempts, j.result.Because)
		}
		return told.String() + s.now.String()
	}
	for seed := uint64(1); seed <= 200; seed++ {
		first := course(seed)
		require.Equal(t, first, course(seed), "seed %d", seed)
	}
}

// simulate plays one seed to its end, or to the first violation.
func simulate(seed uint64, r rules) *simulation {
	dice := rand.New(rand.NewPCG(seed, 83))
	s := &simulation{
		world: newWorld(dice, r), acked: map[string]bool{}, taken: map[string]int{}, calling: map[*talk]bool{}, told: map[string][]provider.Report{},
		answered: map[*line]string{}, ownKey: dice.IntN(2) == 0, sleepy: dice.IntN(3) == 0,
	}
	if dice.IntN(2) == 0 {
		s.channel.Fallback = &provider.Template{Name: "news", Language: "en"}
	}
	s.engine = New(Deps{
		Store: s.world, Providers: []provider.Provider{simulated{s}}, Answerer: s, Sealer: nil, Clock: func() time.Time { return s.now },
		Log: slog.New(slog.DiscardHandler),
		// The jitter of the product's own dice is a nanosecond here, which the world rounds up.
		Settings: Settings{LiftLimits: true, BackoffUnit: 1, BurstWait: 2 * time.Second},
	})
	s.engine.working.Store(true)
	s.world.meanwhile, s.world.crash, s.world.committed = s.meanwhile, s.maybeCrash, s.committed
	for range 30 + dice.IntN(30) {
		s.step()
		if s.violation != "" {
			return s
		}
	}
	s.drain()
	s.judge()
	return s
}

// simulation is one world with all who act in it.
type simulation struct {
	*world
	engine *Engine

	said    []*provider.Inbound // what customers and colleagues wrote in WhatsApp
	onWay   []provider.Batch    // to us
	parsing provider.Batch
	acked   map[string]bool // by provider id: we said 200
	told    map[string][]provider.Report
	claims  []Claimed

	taken    map[string]int // what the provider took, by key
	calling  map[*talk]bool
	answered map[*line]string // the words to which an answer was committed
	crashes  int

	awayUntil time.Time // the provider answers nobody

	ownKey bool // the provider's reports carry our own id
	sleepy bool // servers stall for longer than their leases
	calm   bool // the end: nothing breaks any more
	depth  int  // of things that happen during others
	frozen int  // the clock stands: a call is bounded by its own timeout
}

type crashed struct{}

// maybeCrash ends a server in the middle of what it does.
func (s *simulation) maybeCrash() {
	if !s.calm && s.dice.IntN(40) == 0 {
		s.crashes++
		panic(crashed{})
	}
}

// meanwhile lets others act while somebody is slow.
func (s *simulation) meanwhile() {
	if s.calm || s.depth >= 3 || s.dice.IntN(3) > 0 {
		return
	}
	for range 1 + s.dice.IntN(3) {
		s.step()
	}
}

// survives runs a piece of a server's work; a crash ends the piece.
func (s *simulation) survives(work func()) {
	depth, frozen := s.depth, s.frozen
	defer func() {
		s.depth, s.frozen = depth, frozen
		if r := recover(); r != nil {
			if _, ours := r.(crashed); !ours {
				panic(r)
			}
		}
	}()
	s.depth++
	work()
}

func (s *simulation) step() {
	switch n := s.dice.IntN(100); {
	case n < 22:
		s.write()
	case n < 50:
		s.deliver()
	case n < 64:
		s.work(LaneTurn)
	case n < 80:
		s.work(LaneSend)
	case n < 84:
		s.survives(s.claim)
	case n < 87:
		s.survives(s.complete)
	case n < 92:
		s.human()
	case n < 94:
		s.mend()
	default:
		s.pass()
	}
}

// pass lets time go by.
func (s *simulation) pass() {
	if s.frozen > 0 {
		return
	}
	waits := []time.Duration{time.Second, time.Second, 2 * time.Second, 5 * time.Second, 20 * time.Second, time.Minute}
	if s.sleepy {
		waits = append(waits, 50*time.Second, time.Minute, 10*time.Minute, 3*time.Hour, 25*time.Hour)
	}
	s.now = s.now.Add(waits[s.dice.IntN(len(waits))])
}

// mend resumes the channel; now and then the provider goes away for a while.
func (s *simulation) mend() {
	if s.dice.IntN(3) == 0 {
		s.awayUntil = s.now.Add(time.Duration(1+s.dice.IntN(20)) * time.Minute)
	}
	s.channel.Status = ChannelActive
	for _, l := range s.lanes {
		if l.kind == LaneSend && s.nextOut(l.talk) != nil && !l.until.After(s.now) {
			l.ready = s.now
		}
	}
	clear(s.engine.channels.entries)
}

var customers = []string{"385911111111", "385922222222"}

// write makes a customer, or a colleague in WhatsApp itself, write something.
func (s *simulation) write() {
	from := customers[s.dice.IntN(len(customers))]
	in := provider.Inbound{
		ProviderID: fmt.Sprintf("in-%d", s.next()), From: provider.Address{Phone: from}, To: s.channel.Number, Type: "text", Readable: true,
		SentAt: s.now.Add(-time.Duration(s.dice.IntN(3)) * time.Second),
	}
	in.Text = fmt.Sprintf("Question %d?", s.seq)
	if s.dice.IntN(3) == 0 {
		in.Text = fmt.Sprintf("Question %d", s.seq)
	}
	var mine []*provider.Inbound
	for _, m := range s.said {
		if m.From == in.From && m.Target == "" && m.Type == "text" && strings.HasPrefix(m.Text, "Question") && !m.Echo && !m.History {
			mine = append(mine, m)
		}
	}
	switch n := s.dice.IntN(20); {
	case n < 5 && len(mine) > 0:
		target := mine[s.dice.IntN(len(mine))]
		in.Target, in.SentAt = target.ProviderID, s.now
		switch n {
		case 0:
			in.Type, in.Text, in.Readable, in.Silent = TypeRevoke, "", false, true
		case 1:
			in.Type, in.Choice, in.Text, in.Readable, in.Silent = TypeReaction, "👍", "[reaction 👍]", false, true
		case 2:
			in.Type, in.Text = TypeEdit, strings.Replace(target.Text, "Question", "Qeustion", 1)
		default:
			in.Type = TypeEdit
		}
	case n == 5:
		in.Text = "STOP"
	case n == 6:
		in.Text = "START"
	case n == 7:
		in.Type, in.Text, in.Readable = "audio", "[audio]", false
	case n == 8:
		in.Echo, in.Text = true, "A colleague writes."
	case n == 9:
		in.History = true
	}
	s.said = append(s.said, &in)
	for range 1 + s.dice.IntN(3)*s.dice.IntN(2) {
		s.onWay = append(s.onWay, provider.Batch{Messages: []provider.Inbound{in}})
	}
}

// deliver brings us one of the webhooks that are on their way, in any order, until we say 200.
func (s *simulation) deliver() {
	if len(s.onWay) == 0 {
		return
	}
	i := s.dice.IntN(len(s.onWay))
	s.parsing = s.onWay[i]
	if !s.calm {
		s.outage = max(0, s.dice.IntN(12)-9) // before the commit, or after it
	}
	err := s.engine.Receive(context.Background(), "simulated", s.channel.ID, WebhookRequest{Body: []byte("x")})
	s.outage = 0
	if err != nil {
		return
	}
	batch := s.onWay[i]
	s.onWay = slices.Delete(s.onWay, i, i+1)
	for _, m := range batch.Messages {
		s.acked[m.ProviderID] = true
	}
	for _, r := range batch.Reports {
		s.told[r.Raw] = append(s.told[r.Raw], r)
	}
}

// work has a server claim a lane and do what is due in it.
func (s *simulation) work(kind LaneKind) {
	lease, do := s.engine.set.Lease, s.engine.workTurn
	if kind == LaneSend {
		lease, do = s.engine.set.SendLease, s.engine.workSends
	}
	lanes, _ := s.ClaimLanes(context.Background(), kind, 1, lease, nil)
	for _, lane := range lanes {
		s.survives(func() { do(context.Background(), lane) })
	}
}

func (s *simulation) claim() {
	if claimed, err := s.engine.NextJob(context.Background(), s.channel.Tenant, "", 0); err == nil {
		s.claims = append(s.claims, claimed)
	}
}

// complete has an outside worker finish, give back, prolong or forget a job that it has, whether it is still its own or not.
func (s *simulation) complete() {
	if len(s.claims) == 0 {
		return
	}
	i := s.dice.IntN(len(s.claims))
	c, ctx, tenant := s.claims[i], context.Background(), s.channel.Tenant
	s.claims = slices.Delete(s.claims, i, i+1)
	switch s.dice.IntN(6) {
	case 0:
		_, _ = s.engine.FailJob(ctx, tenant, c.Job.ID, c.Job.Token, "on purpose", s.dice.IntN(2) == 0)
	case 1:
		_, _ = s.engine.ExtendJob(ctx, tenant, c.Job.ID, c.Job.Token, time.Minute)
		s.claims = append(s.claims, c)
	case 2: // forgotten
	default:
		_, _ = s.engine.CompleteJob(ctx, tenant, c.Job.ID, c.Job.Token, Completion{Reply: &provider.Message{Text: answerTo(c.Turn)}})
		if s.dice.IntN(3) == 0 {
			s.claims = append(s.claims, c) // and told again
		}
	}
}

// human is what members and other systems do.
func (s *simulation) human() {
	if len(s.talks) == 0 {
		return
	}
	t, ctx, tenant := s.talks[s.dice.IntN(len(s.talks))], context.Background(), s.channel.Tenant
	author := []string{"ana", "bo"}[s.dice.IntN(2)]
	text := provider.Message{Text: fmt.Sprintf("Written by hand %d", s.next())}
	switch s.dice.IntN(7) {
	case 0:
		_, _ = s.engine.Reply(ctx, tenant, t.id, Author{ID: author}, text)
	case 1:
		_, _ = s.engine.Send(ctx, tenant, Request{To: t.from, Message: text, Speaker: flomastr.SpeakerExternal, Marketing: s.dice.IntN(2) == 0})
	case 2:
		_, _ = s.engine.Send(ctx, tenant, Request{To: t.from, Message: text, Speaker: flomastr.SpeakerMember, Author: Author{ID: author}})
	case 3:
		message := provider.Message{Template: &provider.Template{Name: "news", Language: "en"}}
		_, _ = s.engine.Send(ctx, tenant, Request{To: t.from, Message: message, Speaker: flomastr.SpeakerExternal, Marketing: s.dice.IntN(2) == 0})
	case 4:
		_, _ = s.engine.Assign(ctx, tenant, t.id, "user:x|ana", author, "")
	default:
		_, _ = s.engine.Resume(ctx, tenant, t.id, "user:x|ana")
	}
}

// answerTo repeats what was asked, so that it can be seen which words were answered.
func answerTo(t flomastr.Turn) string {
	var words []string
	for _, m := range t.Messages {
		words = append(words, m.Text)
	}
	return "re: " + strings.Join(words, ", ")
}

// Answer implements Answerer.
func (s *simulation) Answer(_ context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
	s.survives(s.meanwhile)
	if s.calm {
		return flomastr.Decision{Action: flomastr.ActionAnswer, Text: answerTo(turn)}, nil
	}
	switch s.dice.IntN(16) {
	case 0, 1:
		return flomastr.Decision{}, errors.New("on purpose")
	case 2:
		return flomastr.Decision{Action: flomastr.ActionHandOver, Text: answerTo(turn), Reason: "on purpose"}, nil
	default:
		return flomastr.Decision{Action: flomastr.ActionAnswer, Text: answerTo(turn)}, nil
	}
}

// simulated is the provider.
type simulated struct{ s *simulation }

func (simulated) Name() string { return "simulated" }

func (simulated) Authenticate(provider.Channel, provider.Request) error { return nil }

func (p simulated) Parse(provider.Channel, provider.Request) (provider.Batch, error) {
	return p.s.parsing, nil
}

func (simulated) Test(context.Context, provider.Channel) error { return nil }

func (simulated) CheckAddress(string) error { return nil }

func (simulated) CheckSecret(provider.WebhookSecret) (string, error) { return "signature", nil }

func (simulated) CompleteSecret(secret, _ provider.WebhookSecret) provider.WebhookSecret {
	return secret
}

func (simulated) Setup() provider.Setup { return provider.Setup{} }

func (simulated) Limits() provider.Limits { return provider.Limits{Text: 4096, Caption: 1024} }

func (simulated) Check(provider.Message) error { return nil }

// Send takes a message, or does not, and says so, or does not.
func (p simulated) Send(_ context.Context, _ provider.Channel, m provider.Message) (provider.Accepted, error) {
	s := p.s
	l := s.line(m.Key)
	s.maybeCrash() // before it left
	s.mayLeave(l)
	outcome := s.dice.IntN(24)
	switch {
	case s.calm:
		outcome = 23
	case s.awayUntil.After(s.now):
		outcome = 4
	}
	takes := outcome > 10 || outcome == 0 || outcome == 1
	if takes {
		s.taken[m.Key]++
		s.follow(l)
	}
	s.calling[l.talk] = true
	s.survives(func() { s.frozen++; s.meanwhile() })
	delete(s.calling, l.talk)
	s.maybeCrash() // after it left
	failed := provider.SendError{Sentence: "On purpose."}
	if s.rules.hopeful {
		failed.Outcome = provider.NotSent
	}
	switch outcome {
	case 0, 2: // it hangs
		if s.frozen == 0 {
			s.now = s.now.Add(s.engine.set.SendLease * 2 / 3)
		}
		failed.Away = true
	case 1, 3: // cut off, or not understood
	case 4, 5:
		failed.Outcome, failed.Away = provider.NotSent, outcome == 4
	case 6:
		failed.Outcome, failed.Throttled, failed.RetryAfter = provider.NotSent, true, 7*time.Second
	case 7:
		failed.Outcome, failed.Effect = provider.NotSent, provider.PauseChannel
	case 8:
		failed.Outcome, failed.Effect = provider.Refused, provider.CloseWindow
	case 9:
		failed.Outcome, failed.Effect = provider.Refused, []provider.Effect{provider.Unreachable, provider.StopMarketing, provider.StopAll}[s.dice.IntN(3)]
	case 10:
		failed.Outcome = provider.Refused
	default:
		return provider.Accepted{ProviderID: "out-" + m.Key, State: provider.StateAccepted}, nil
	}
	return provider.Accepted{}, &failed
}

// follow sends the reports of a message that was taken on their way.
func (s *simulation) follow(l *line) {
	steps := []provider.State{provider.StateSent, provider.StateDelivered, provider.StateRead}[:s.dice.IntN(4)]
	if s.dice.IntN(5) == 0 {
		steps = append(slices.Clone(steps), provider.StateFailed)
	}
	key, theirs := l.id.String(), "out-"+l.id.String()
	for _, state := range steps {
		r := provider.Report{Key: theirs, Mark: string(state), State: state, At: s.now, Raw: key}
		if s.ownKey && s.dice.IntN(2) == 0 {
			r.Key, r.ProviderID = key, theirs
		}
		if state == provider.StateFailed && s.dice.IntN(3) == 0 {
			r.Effect = []provider.Effect{provider.PauseChannel, provider.CloseWindow, provider.StopAll, provider.StopMarketing}[s.dice.IntN(4)]
		}
		for range 1 + s.dice.IntN(2) {
			s.onWay = append(s.onWay, provider.Batch{Reports: []provider.Report{r}})
		}
	}
}

// drain lets everything come to rest: what is on its way arrives, what waits becomes due, and nothing breaks any more.
func (s *simulation) drain() {
	s.calm = true
	s.claims = nil
	for range 500 {
		for len(s.onWay) > 0 && s.violation == "" {
			s.deliver()
		}
		if s.channel.Status != ChannelActive {
			s.mend()
		}
		s.work(LaneTurn)
		s.work(LaneSend)
		if s.violation != "" {
			return
		}
		if s.resting() {
			return
		}
		soonest := time.Time{}
		for _, l := range s.lanes {
			if ours := l.ready.Add(s.handOf(l).HeadStart); !l.ready.IsZero() && (soonest.IsZero() || ours.Before(soonest)) {
				soonest = ours
			}
		}
		if soonest.After(s.now) {
			s.now = soonest
		}
	}
}

func (s *simulation) resting() bool {
	return len(s.onWay) == 0 &&
		!slices.ContainsFunc(s.jobs, func(j *turn) bool { return j.state == JobQueued || j.state == JobProcessing }) &&
		!slices.ContainsFunc(s.lines, func(l *line) bool { return l.out && l.phase != "settled" })
}
