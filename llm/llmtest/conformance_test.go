package llmtest_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/internal/safehttp"
	"github.com/flomastr/flomastr/llm"
	"github.com/flomastr/flomastr/llm/anthropic"
	"github.com/flomastr/flomastr/llm/openai"
	"github.com/flomastr/flomastr/sim/models"
)

// A world is one service and a guarded way to it.
type world struct {
	*models.StandIn
	url  string
	open func(*safehttp.Client, llm.ModelService) llm.Model
}

var protocols = map[string]struct {
	provider llm.Provider
	path     string
	open     func(*safehttp.Client, llm.ModelService) llm.Model
}{
	"openai": {llm.ProviderOpenAI, "/v1", func(c *safehttp.Client, s llm.ModelService) llm.Model { return openai.NewModel(s, c.HTTP()) }},
	"azure": {llm.ProviderOpenAI, "/openai/deployments/gpt-stand-in?api-version=2024-10-21", func(c *safehttp.Client, s llm.ModelService) llm.Model {
		s.KeyHeader = "api-key"
		return openai.NewModel(s, c.HTTP())
	}},
	"anthropic": {llm.ProviderAnthropic, "", func(c *safehttp.Client, s llm.ModelService) llm.Model { return anthropic.NewModel(s, c.HTTP()) }},
}

// each runs a claim against every protocol, in a world of its own.
func each(t *testing.T, claim func(*testing.T, *world)) {
	t.Helper()
	for name, p := range protocols {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{StandIn: models.New(7), open: p.open}
			server := httptest.NewServer(w)
			t.Cleanup(server.Close)
			t.Cleanup(w.Close) // before the server, which waits for whoever is kept waiting
			w.url = server.URL
			w.open = func(c *safehttp.Client, s llm.ModelService) llm.Model {
				s.Provider = p.provider
				if s.URL == "" {
					s.URL = server.URL + p.path
				}
				return p.open(c, s)
			}
			claim(t, w)
		})
	}
}

// model is one that has time.
func (w *world) model() llm.Model { return w.with(llm.ModelService{}, time.Minute, 4<<20) }

func (w *world) with(s llm.ModelService, stall time.Duration, bytes int64) llm.Model {
	if s.Key == "" {
		s.Key = models.Key
	}
	if s.Model == "" {
		s.Model = "gpt-stand-in"
	}
	return w.open(safehttp.New(safehttp.Config{Allow: []string{w.url}, Timeout: time.Minute, Stall: stall, MaxBytes: bytes}), s)
}

var lookUp = llm.Tool{
	Name: "look_up", Description: "Looks something up.",
	Parameters: json.RawMessage(`{"type":"object","properties":{"query":{"type":"string"},"most":{"type":"integer"}},"required":["query"]}`),
}

func ask(text string) llm.Prompt {
	return llm.Prompt{
		Messages:  []llm.Message{{Role: llm.RoleSystem, Text: "Be brief."}, {Role: llm.RoleUser, Text: text}},
		Tools:     []llm.Tool{lookUp},
		MaxTokens: 500,
	}
}

func TestAModelAnswersInWords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for _, text := range []string{"When do you open?", "日本語 — العربية — 🙂"} {
			said, err := w.model().Complete(t.Context(), ask(text))
			require.NoError(t, err)
			require.Contains(t, said.Text, text)
			require.Empty(t, said.Calls)
			require.False(t, said.Truncated)
			require.Positive(t, said.Usage.Prompt)
			require.Positive(t, said.Usage.Completion)
		}
		asked := w.Asked()
		require.Len(t, asked, 2)
		require.Equal(t, []string{"look_up"}, asked[0].Tools)
		require.Equal(t, 500, asked[0].Limit)
	})
}

func TestAModelCallsToolsAndReadsWhatTheyGave(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.Script(models.Answer{Text: "I look.", Calls: []models.Call{{Name: "look_up", Arguments: `{"query":"öffnen"}`}, {Name: "look_up", Arguments: ``}}})
		prompt := ask("Open?")
		said, err := w.model().Complete(t.Context(), prompt)
		require.NoError(t, err)
		require.Equal(t, "I look.", said.Text)
		require.Len(t, said.Calls, 2)
		require.JSONEq(t, `{"query":"öffnen"}`, string(said.Calls[0].Arguments))
		require.JSONEq(t, `{}`, string(said.Calls[1].Arguments), "nothing is an object of nothing")
		require.NotEqual(t, said.Calls[0].ID, said.Calls[1].ID)

		prompt.Messages = append(prompt.Messages,
			llm.Message{Role: llm.RoleAssistant, Text: said.Text, Calls: said.Calls},
			llm.Message{Role: llm.RoleTool, Call: said.Calls[0].ID, Text: "From nine."},
			llm.Message{Role: llm.RoleTool, Call: said.Calls[1].ID, Text: "Closed on Sundays."})
		said, err = w.model().Complete(t.Context(), prompt)
		require.NoError(t, err)
		require.Contains(t, said.Text, "Closed on Sundays.")
	})
}

func TestAToolThatMustBeCalledIsNamedToTheService(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		prompt := ask("Open?")
		prompt.Must = "look_up"
		said, err := w.model().Complete(t.Context(), prompt)
		require.NoError(t, err)
		require.Len(t, said.Calls, 1)
		require.Equal(t, "look_up", said.Calls[0].Name)
		require.Equal(t, "look_up", w.Asked()[0].Must)
	})
}

func TestAConversationMayBeginWithTheBusiness(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, err := w.model().Complete(t.Context(), llm.Prompt{Messages: []llm.Message{
			{Role: llm.RoleAssistant, Text: "Your parcel has arrived."}, {Role: llm.RoleUser, Text: "Where?"}, {Role: llm.RoleUser, Text: "And until when?"},
		}})
		require.NoError(t, err)
		require.Equal(t, "And until when?", w.Asked()[0].Last)
	})
}

func TestALimitThatIsReachedIsSaid(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.Fail("truncated", 1)
		said, err := w.model().Complete(t.Context(), ask("Tell me everything."))
		require.NoError(t, err)
		require.True(t, said.Truncated)
		require.NotEmpty(t, said.Text)
	})
}

func TestWhatGoesWrongIsTheRightErrorAndNothingElse(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]*flomastr.Error{
		"limited": llm.ErrModelLimited, "quota": llm.ErrModelQuota, "away": llm.ErrModelAway, "overloaded": llm.ErrModelAway, "html_error": llm.ErrModelAway,
		"html": llm.ErrModelBroken, "garbage": llm.ErrModelBroken, "error_event": llm.ErrModelAway, "empty": llm.ErrModelEmpty, "declined": llm.ErrModelDeclined,
		"cut": llm.ErrModelCut, "cut_rune": llm.ErrModelCut, "cut_call": llm.ErrModelCut, "short": llm.ErrModelCut,
		"broken_call": llm.ErrModelBroken, "bad_utf8": llm.ErrModelBroken, "endless": llm.ErrModelEndless,
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				w.Fail(fault, -1)
				said, err := w.model().Complete(t.Context(), ask("A secret text."))
				require.ErrorIs(t, err, want)
				require.Equal(t, llm.Completion{}, said)
				require.LessOrEqual(t, len(w.Asked()), 1, "a model is never asked again by itself")
				for _, hidden := range []string{models.Key, "secret", "://"} {
					require.NotContains(t, err.Error(), hidden)
				}
			})
		})
	}
}

func TestWhatAModelMayWriteIsLeftToWhoeverReadsIt(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.Fail("wrong_tool", 1)
		said, err := w.model().Complete(t.Context(), ask("Open?"))
		require.NoError(t, err)
		require.Equal(t, "delete_everything", said.Calls[0].Name)
		w.Fail("two_calls", 1)
		said, err = w.model().Complete(t.Context(), ask("Open?"))
		require.NoError(t, err)
		require.Len(t, said.Calls, 2)
		w.Fail("slow", 1)
		_, err = w.model().Complete(t.Context(), ask("Hi"))
		require.NoError(t, err, "slow is not stalled")
	})
}

func TestAServiceSaysHowLongToWait(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for fault, want := range map[string]time.Duration{"limited": 7 * time.Second, "overloaded": 3 * time.Second, "away": 0} {
			w.Fail(fault, 1)
			_, err := w.model().Complete(t.Context(), ask("Open?"))
			var known *flomastr.Error
			require.ErrorAs(t, err, &known)
			require.Equal(t, want, known.RetryAfter, fault)
		}
	})
}

func TestAStallEndsBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"hang", "mute"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, w *world) {
				w.Fail(fault, -1)
				_, err := w.with(llm.ModelService{}, 200*time.Millisecond, 4<<20).Complete(t.Context(), ask("Open?"))
				require.ErrorIs(t, err, llm.ErrModelSlow)
				require.NoError(t, t.Context().Err())
			})
		})
	}
}

func TestADeadlineEndsAnAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.Fail("hang", -1)
		hurried, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := w.model().Complete(hurried, ask("Open?"))
		require.ErrorIs(t, err, llm.ErrModelSlow)

		left, leave := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, leave)
		_, err = w.model().Complete(left, ask("Open?"))
		require.ErrorIs(t, err, context.Canceled, "whoever goes away has no fault to find with the model")
	})
}

func TestBytesAreBoundedOnTheWire(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.Fail("endless", -1)
		_, err := w.with(llm.ModelService{}, time.Minute, 10_000).Complete(t.Context(), ask("Open?"))
		require.ErrorIs(t, err, llm.ErrModelEndless)
	})
}

func TestARefusalSaysWhatToChange(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		for name, c := range map[string]struct {
			service llm.ModelService
			prompt  llm.Prompt
			want    error
		}{
			"a wrong key":    {llm.ModelService{Key: "sk-wrong"}, ask("Open?"), llm.ErrModelKey},
			"another path":   {llm.ModelService{URL: w.url + "/v9"}, ask("Open?"), llm.ErrModelUnknown},
			"nobody there":   {llm.ModelService{URL: "http://127.0.0.1:1"}, ask("Open?"), llm.ErrModelAway},
			"too much":       {llm.ModelService{}, ask(strings.Repeat("word ", 40_000)), llm.ErrModelTooLong},
			"a stray result": {llm.ModelService{}, llm.Prompt{Messages: []llm.Message{{Role: llm.RoleUser, Text: "Hi"}, {Role: llm.RoleTool, Call: "none", Text: "x"}}}, llm.ErrModelRefused},
		} {
			_, err := w.with(c.service, time.Minute, 4<<20).Complete(t.Context(), c.prompt)
			require.ErrorIs(t, err, c.want, name)
			require.NotContains(t, err.Error(), "sk-", name)
		}
	})
}

func TestAnUnknownModelIsSaid(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		m := w.with(llm.ModelService{Model: "none"}, time.Minute, 4<<20)
		if strings.HasSuffix(t.Name(), "azure") {
			t.Skip("there the address names the model")
		}
		_, err := m.Complete(t.Context(), ask("Open?"))
		require.ErrorIs(t, err, llm.ErrModelUnknown)
	})
}

func TestAProbeTellsWhetherAModelWillDo(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, err := llm.Probe(t.Context(), w.model())
		require.NoError(t, err)
		w.Script(models.Answer{Text: "Two."})
		_, err = llm.Probe(t.Context(), w.model())
		require.ErrorIs(t, err, llm.ErrModelToolless)
		w.Fail("away", 1)
		_, err = llm.Probe(t.Context(), w.model())
		require.ErrorIs(t, err, llm.ErrModelAway)
	})
}
