package assistant

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/flomastr/flomastr"
)

// How far passages that were found for a model's own queries count as evidence for the customer's question: nobody but the model says
// that the two ask the same. More where the customer writes in another language than the source, which no wording of ours bridges.
const (
	posedCounts   = 0.55
	foreignCounts = 0.75
)

// What supports and what shakes an answer beside its evidence, in the terms of a logistic. They are set, not fitted: support and
// doubt move a middling evidence across the usual threshold and a bad one never. Nothing is surer than whoever said it.
const (
	weightSupport = 1.5
	weightDoubt   = 2
	surest        = 0.98
)

// settle makes a decision of a reply, as far as it holds against the sources. An error is a reply that nothing can be made of.
func (g *agent) settle(r reply, offline flomastr.Decision) (flomastr.Decision, error) {
	d := flomastr.Decision{Model: g.model.Name() + " (prompt " + promptVersion + ")", Confidence: round(1 - *r.Doubt)}
	reasons := []string{r.Why}
	if g.refused > 0 {
		reasons = append(reasons, fmt.Sprintf("%d of its calls were refused", g.refused))
	}
	note := func(format string, a ...any) { reasons = append(reasons, fmt.Sprintf(format, a...)) }
	var err error
	switch r.Action {
	case string(flomastr.ActionSilent):
		err = g.silence(&d)
	case string(flomastr.ActionHandOver):
		d.Action, d.Text = flomastr.ActionHandOver, g.introduced(g.voice, g.lexicon.say(g.voice.lang, "handover"))
	case string(flomastr.ActionRefuse):
		g.refuseWith(&d, g.draft(g.voice, g.findings))
	case string(flomastr.ActionAsk):
		err = g.askBack(&d, r)
	default:
		err = g.answerWith(&d, r, offline, note)
	}
	if err != nil {
		return flomastr.Decision{}, fmt.Errorf("whose reply %w", err)
	}
	d.Reason = strings.Join(slices.DeleteFunc(reasons, func(s string) bool { return s == "" }), "; ")
	if d.Reason == "" {
		d.Reason = "the model chose to " + r.Action
	}
	if g.turn.Rework != nil {
		if d.Draft == nil && d.Action != flomastr.ActionAnswer {
			d.Draft = offline.Draft
		}
		d.Unanswered = nil
	}
	return d, nil
}

// silence says nothing where nothing was asked. Whoever asked hears something.
func (g *agent) silence(d *flomastr.Decision) error {
	for _, m := range g.turn.Messages {
		if slices.ContainsFunc(g.lexicon.pieces(readable(m)), g.lexicon.asking) {
			return errors.New("was silence to a question")
		}
	}
	d.Action = flomastr.ActionSilent
	return nil
}

// refuseWith says that the knowledge has no answer, as the offline assistant does.
func (g *agent) refuseWith(d *flomastr.Decision, draft *flomastr.Draft) {
	d.Action, d.Text, d.Draft = flomastr.ActionRefuse, g.introduced(g.voice, g.lexicon.say(g.voice.lang, "refuse")), draft
	for _, f := range g.findings {
		if f.question.level != hangs {
			d.Unanswered = append(d.Unanswered, f.question.text)
		}
	}
}

// mostAsked is how often in a row a customer is asked back.
const mostAsked = 2

func (g *agent) askBack(d *flomastr.Decision, r reply) error {
	asked := 0
	for _, m := range slices.Backward(g.turn.History) {
		if m.Speaker == flomastr.SpeakerContact {
			continue
		}
		if m.Speaker != flomastr.SpeakerAssistant || !endsAsking(m.Text) {
			break
		}
		asked++
	}
	c, err := g.check(r)
	switch {
	case err != nil:
		return err
	case len(c.wrong) > 0:
		return errors.New("asked with what is not so: " + c.wrong[0])
	case !strings.ContainsAny(c.text, "?؟？"):
		return errors.New("asked nothing")
	case asked >= mostAsked:
		return errors.New("asked back once more")
	}
	d.Action = flomastr.ActionAsk
	d.Text, d.Evidence = g.worded(c, d.Confidence)
	d.Text = g.introduced(g.voice, d.Text)
	return nil
}

func endsAsking(text string) bool {
	return strings.ContainsAny(lastRune(strings.TrimSpace(text)), "?؟？")
}

func lastRune(s string) string {
	if r := []rune(s); len(r) > 0 {
		return string(r[len(r)-1])
	}
	return ""
}

// answerWith answers where the sources hold what is said and the confidence reaches the tenant's threshold. Else the offline answer
// stands, where there is one, or a person is asked to look.
func (g *agent) answerWith(d *flomastr.Decision, r reply, offline flomastr.Decision, note func(string, ...any)) error {
	c, err := g.check(r)
	switch {
	case err != nil:
		return err
	case len(c.units) == 0 && len(c.wrong) == 0:
		return errors.New("states nothing that a source holds")
	case len(c.wrong) > 0 && offline.Action == flomastr.ActionAnswer && g.turn.Rework == nil:
		return errors.New("is not so: " + strings.Join(c.wrong, "; "))
	}
	evidence, open := g.evidence(c.units)
	d.Confidence = confidenceOf(evidence, c.support, *r.Doubt)
	note("its sources hold %.0f %% of it; evidence %.2f, doubt %.2f", 100*c.support, evidence, *r.Doubt)
	if c.dropped > 0 {
		note("%d sentences without a source were left out", c.dropped)
	}
	for _, w := range c.wrong {
		note("%s", w)
		d.Confidence = min(d.Confidence, 0.49*g.policy.Threshold)
	}
	text, stands := g.worded(c, d.Confidence)
	if r.Action == check || len(c.wrong) > 0 || d.Confidence < g.policy.Threshold {
		var draft *flomastr.Draft
		if r.Action == check || len(c.wrong) > 0 || evidence >= worthADraft || g.turn.Rework != nil {
			draft = &flomastr.Draft{Text: text, Notice: g.introduced(g.voice, g.lexicon.say(g.voice.lang, "unsure")), Evidence: stands}
		}
		g.refuseWith(d, draft)
		return nil
	}
	d.Action, d.Text, d.Evidence, d.Unanswered = flomastr.ActionAnswer, g.introduced(g.voice, text), stands, open
	if g.turn.Rework != nil {
		d.Draft = &flomastr.Draft{Text: text, Notice: g.introduced(g.voice, g.lexicon.say(g.voice.lang, "unsure")), Evidence: stands}
	}
	return nil
}

// confidenceOf joins the evidence that the offline assistant would answer on, how far the sources hold what is said, and the model's
// own doubt.
func confidenceOf(evidence, support, doubt float64) float64 {
	evidence = min(max(evidence, 1-surest), surest)
	z := math.Log(evidence/(1-evidence)) + weightSupport*support - weightDoubt*doubt
	return round(min(1/(1+math.Exp(-z)), surest, 1-doubt))
}

// evidence is how surely the units used answer the customer's questions: of those that they answer at all the least sure. open are
// the questions that they do not.
func (g *agent) evidence(units []pick) (least float64, open []string) {
	posed := 0.0
	for _, f := range g.posed {
		posed = max(posed, min(g.standing(f, units), posedCounts))
		if g.foreign(units) {
			posed = max(posed, min(g.standing(f, units), foreignCounts))
		}
	}
	best := 0.0
	least = 1
	for _, f := range g.findings {
		v := max(g.standing(f, units), posed)
		best = max(best, v)
		if v >= worthADraft {
			least = min(least, v)
		} else if f.question.level != hangs {
			open = append(open, f.question.text)
		}
	}
	return min(least, best), open
}

// foreign tells whether none of the units is in the customer's language.
func (g *agent) foreign(units []pick) bool {
	return !slices.ContainsFunc(units, func(u pick) bool {
		return g.lexicon.language(g.sources.passages[u.passage].Text, g.voice.lang) == g.voice.lang
	})
}

// standing is the confidence in units as the answer to a question, of those that were found for it.
func (g *agent) standing(f finding, units []pick) float64 {
	e := excerpt{}
	ranked, terms := f.pool.score(f.question)
	e.terms = terms
	for _, s := range ranked {
		id := f.pool.passages[s.passage].origin.ID
		used := slices.ContainsFunc(units, func(u pick) bool {
			return u.unit == s.unit && g.sources.passages[u.passage].ID == id
		})
		switch {
		case used && len(e.picks) == 0:
			e.best = s
			fallthrough
		case used && len(e.picks) < maxUnits:
			e.take(s)
		case !used && e.runnerUp == 0 && !g.cites(units, id):
			e.runnerUp = s.rank
		}
	}
	if len(e.picks) == 0 || len(terms) == 0 {
		return 0
	}
	f.pool.weighEvidence(f.question, &e)
	return e.confidence
}

func (g *agent) cites(units []pick, id flomastr.PassageID) bool {
	return slices.ContainsFunc(units, func(u pick) bool { return g.sources.passages[u.passage].ID == id })
}

// worded is what is said of a checked reply, with the names of its sources as the offline answer has them.
func (g *agent) worded(c checked, confidence float64) (string, []flomastr.Evidence) {
	var evidence, knowledge []flomastr.Evidence
	for _, n := range c.order {
		p := g.sources.passages[n-1]
		if e, ok := g.sources.memories[n]; ok {
			evidence = append(evidence, e)
			continue
		}
		all := units(p.Text)
		var used []unit
		for _, u := range c.units {
			if u.passage == n-1 {
				used = append(used, all[u.unit])
			}
		}
		e := evidenceOf(p, used, confidence)
		evidence, knowledge = append(evidence, e), append(knowledge, e)
	}
	text := c.text
	if len(evidence) == 0 || !marked(evidence) || len(knowledge) < len(evidence) {
		text = markShape.ReplaceAllString(text, "")
	}
	return g.sourced(g.voice, []string{text}, knowledge), evidence
}
