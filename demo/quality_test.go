package demo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/assistant"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/contextengine/chunk"
	"github.com/flomastr/flomastr/contextengine/source"
	"github.com/flomastr/flomastr/contextengine/source/convert"
	"github.com/flomastr/flomastr/demo"
	"github.com/flomastr/flomastr/llm/offline"
	"github.com/flomastr/flomastr/postgres"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

// TestMain lets the test binary be the converter's worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == convert.Command {
		os.Exit(convert.Worker(os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// reader reads files with the real converter.
type reader struct{ converter *convert.Converter }

func (r reader) ReadFile(ctx context.Context, _ contextengine.Limits, name string, body []byte) (contextengine.Document, error) {
	d, err := source.File(ctx, r.converter, name, body)
	if err != nil {
		return contextengine.Document{}, err
	}
	out := contextengine.Document{Title: d.Title, Markdown: d.Markdown, Metadata: d.Metadata, Warnings: d.Warnings}
	for _, p := range d.Parts {
		out.Parts = append(out.Parts, chunk.Part(p))
	}
	return out, nil
}

func (reader) ReadURL(context.Context, contextengine.Limits, string) (contextengine.Document, error) {
	return contextengine.Document{}, contextengine.ErrEmptyContent
}

// shelf keeps blobs in memory.
type shelf struct{ kept sync.Map }

func (s *shelf) Put(_ context.Context, tenant flomastr.TenantID, key string, body []byte) error {
	s.kept.Store(tenant.String()+key, body)
	return nil
}

func (s *shelf) Get(_ context.Context, tenant flomastr.TenantID, key string) ([]byte, error) {
	if body, ok := s.kept.Load(tenant.String() + key); ok {
		return body.([]byte), nil
	}
	return nil, fmt.Errorf("no blob %s", key)
}

func (s *shelf) Delete(_ context.Context, tenant flomastr.TenantID, key string) error {
	s.kept.Delete(tenant.String() + key)
	return nil
}

type business string

func (b business) BusinessName(context.Context, flomastr.TenantID) (string, error) {
	return string(b), nil
}

// open seeds a business into a database of its own and gives an assistant over it.
func open(t *testing.T, d demo.Tenant) (*assistant.Assistant, *contextengine.Engine, flomastr.TenantID) {
	t.Helper()
	db := postgrestest.Open(t)
	tenant := postgrestest.Tenant(t, db)
	store := postgres.NewKnowledgeStore(db)
	engine := contextengine.New(contextengine.Deps{
		Status: store, Content: store, Blobs: &shelf{}, Embedder: offline.New(),
		Reader: reader{convert.New(convert.Config{AllowWeakSandbox: true})},
	})
	for _, p := range d.Pages {
		item, err := engine.Add(t.Context(), tenant, contextengine.Draft{
			Title: p.Title, Filename: p.Filename, Content: p.Content, Source: contextengine.FromFile, Intent: p.Intent, Tags: p.Tags,
		})
		if err != nil {
			t.Fatalf("add %s: %v", p.Filename, err)
		}
		if err := engine.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}); err != nil {
			t.Fatalf("index %s: %v", p.Filename, err)
		}
		if item, err = engine.Item(t.Context(), tenant, item.ID); err != nil || item.Status != contextengine.Embedded {
			t.Fatalf("%s is %s: %s (%v)", p.Filename, item.Status, item.Error, err)
		}
	}
	a := assistant.New(assistant.Deps{Retriever: engine, Businesses: business(d.Name), Clock: flomastr.SystemClock})
	return a, engine, tenant
}

// customer talks to an assistant and keeps the history.
type customer struct {
	t         *testing.T
	assistant *assistant.Assistant
	turn      flomastr.Turn
}

func (c *customer) say(text string) flomastr.Decision {
	c.t.Helper()
	now := time.Now()
	c.turn.Messages = []flomastr.TurnMessage{{Speaker: flomastr.SpeakerContact, Type: "text", Text: text, At: now}}
	d, err := c.assistant.Answer(c.t.Context(), c.turn)
	if err != nil {
		c.t.Fatalf("%q: %v", text, err)
	}
	c.turn.History = append(c.turn.History, c.turn.Messages[0],
		flomastr.TurnMessage{Speaker: flomastr.SpeakerAssistant, Type: "text", Text: d.Text, At: now, Evidence: d.Evidence})
	return d
}

// TestTheDemoKnowledgeAnswersItsQuestions asks the main business everything in questions.json through the real engine,
// database and converters. One question in twenty may go wrong: retrieval and refusal are weighed for all businesses,
// not for this list.
func TestTheDemoKnowledgeAnswersItsQuestions(t *testing.T) {
	data, err := os.ReadFile("questions.json")
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Answerable []struct {
			Question, Source string
			Must             []string
		}
		Unanswerable []string
	}
	if err := json.Unmarshal(data, &set); err != nil {
		t.Fatal(err)
	}
	a, _, tenant := open(t, demo.Tenants()[0])
	wrong := 0
	for _, q := range set.Answerable {
		c := customer{t, a, flomastr.Turn{Tenant: tenant, TimeZone: "Asia/Dubai"}}
		d := c.say(q.Question)
		if problem := judge(d, strings.Split(q.Source, "|"), q.Must); problem != "" {
			wrong++
			t.Logf("%q: %s\n%s %.2f (%s)\n%s", q.Question, problem, d.Action, d.Confidence, d.Reason, d.Text)
		}
	}
	invented := 0
	for _, q := range set.Unanswerable {
		c := customer{t, a, flomastr.Turn{Tenant: tenant, TimeZone: "Asia/Dubai"}}
		if d := c.say(q); d.Action != flomastr.ActionRefuse {
			invented++
			t.Logf("%q was answered: %.2f (%s)\n%s", q, d.Confidence, d.Reason, d.Text)
		}
	}
	t.Logf("%d of %d answered wrongly, %d of %d unknowable ones answered", wrong, len(set.Answerable), invented, len(set.Unanswerable))
	if 20*wrong > len(set.Answerable) || 20*invented > len(set.Unanswerable) {
		t.Error("more than one question in twenty goes wrong")
	}
}

// judge says what is wrong with an answer, or "".
func judge(d flomastr.Decision, sources, must []string) string {
	if d.Action != flomastr.ActionAnswer {
		return "no answer"
	}
	for _, want := range must {
		if !strings.Contains(d.Text, want) {
			return "misses " + want
		}
	}
	if !slices.ContainsFunc(d.Evidence, func(e flomastr.Evidence) bool { return slices.Contains(sources, e.Title) }) {
		return "cites another page"
	}
	return ""
}

// TestTheMainJob is the product's sentence over the real engine: an answer, a follow-up, a refusal, with facts made up
// beside the demo's own.
func TestTheMainJob(t *testing.T) {
	a, engine, tenant := open(t, demo.Tenants()[0])
	price := fmt.Sprintf("%d.%02d", 1000+time.Now().UnixNano()%9000, 10+time.Now().UnixNano()%90)
	title := fmt.Sprintf("Zorbtrike service %d", time.Now().UnixNano()%1_000_000)
	item, err := engine.Add(t.Context(), tenant, contextengine.Draft{Title: title, Source: contextengine.FromPaste, Content: []byte(
		"# " + title + "\n\nA full service of a zorbtrike costs " + price + " dirhams and takes four working days.\n\n## Pick-up\n\nWe collect zorbtrikes in Al Quoz on Tuesdays before noon.")})
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}); err != nil {
		t.Fatal(err)
	}
	c := customer{t, a, flomastr.Turn{Tenant: tenant, TimeZone: "Asia/Dubai", First: true, ContactName: "Test Person"}}
	if d := c.say("how much is a full zorbtrike service?"); !strings.Contains(d.Text, price) || !strings.Contains(d.Text, "automated assistant of Sidra Opticians") {
		t.Errorf("the price: %s %q (%s)", d.Action, d.Text, d.Reason)
	}
	c.turn.First = false
	if d := c.say("and where do you collect them?"); !strings.Contains(d.Text, "Quoz") {
		t.Errorf("the follow-up: %s %q (%s)", d.Action, d.Text, d.Reason)
	}
	if d := c.say("who won the chess world championship in 1972?"); d.Action != flomastr.ActionRefuse || strings.Contains(d.Text, price) || strings.Contains(d.Text, "Quoz") {
		t.Errorf("the unknowable: %s %q (%s)", d.Action, d.Text, d.Reason)
	}
}

// TestATenantNeverAnswersFromAnother asks the second business what only the first one knows.
func TestATenantNeverAnswersFromAnother(t *testing.T) {
	a, _, tenant := open(t, demo.Tenants()[1])
	for question, secret := range map[string]string{
		"How much are Signature progressive lenses?": "2,850",
		"Where is the Al Barsha shop?":               "Palm Grove",
		"Who is Dr. Layla Haddad?":                   "Jumeirah",
	} {
		c := customer{t, a, flomastr.Turn{Tenant: tenant}}
		if d := c.say(question); strings.Contains(d.Text, secret) || d.Action != flomastr.ActionRefuse {
			t.Errorf("%q: %s %q", question, d.Action, d.Text)
		}
	}
	c := customer{t, a, flomastr.Turn{Tenant: tenant}}
	if d := c.say("How much is a zirconia crown?"); !strings.Contains(d.Text, "520") {
		t.Errorf("its own question: %s %q (%s)", d.Action, d.Text, d.Reason)
	}
}
