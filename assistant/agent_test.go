package assistant

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm"
)

// step is what a scripted model does when it is asked.
type step func(ctx context.Context, p llm.Prompt) (llm.Completion, error)

// scripted is a model that follows a script, its last step again and again. It remembers what it was asked.
type scripted struct {
	mu    sync.Mutex
	steps []step
	asked []llm.Prompt
}

func (m *scripted) Complete(ctx context.Context, p llm.Prompt) (llm.Completion, error) {
	m.mu.Lock()
	p.Messages = append([]llm.Message(nil), p.Messages...)
	m.asked = append(m.asked, p)
	next := m.steps[min(len(m.asked), len(m.steps))-1]
	m.mu.Unlock()
	return next(ctx, p)
}

func (m *scripted) Name() string { return "scripted" }

// Model implements Models.
func (m *scripted) Model(context.Context, flomastr.TenantID) (llm.Model, bool, error) {
	return m, true, nil
}

// seen is everything that the model was ever shown.
func (m *scripted) seen() string {
	var b strings.Builder
	for _, p := range m.asked {
		for _, message := range p.Messages {
			b.WriteString(message.Text + "\n")
		}
	}
	return b.String()
}

// calls has a model call tools: a name and its arguments, and so on.
func calls(namesAndArguments ...string) step {
	var c llm.Completion
	for i := 0; i < len(namesAndArguments); i += 2 {
		c.Calls = append(c.Calls, llm.ToolCall{
			ID: fmt.Sprint("call_", i), Name: namesAndArguments[i], Arguments: json.RawMessage(namesAndArguments[i+1]),
		})
	}
	return func(context.Context, llm.Prompt) (llm.Completion, error) { return c, nil }
}

func writes(text string) step {
	return func(context.Context, llm.Prompt) (llm.Completion, error) { return llm.Completion{Text: text}, nil }
}

// replies ends the turn. "[words]" in the text cites the source that holds those words.
func replies(action, text string, doubt float64) step {
	return func(_ context.Context, p llm.Prompt) (llm.Completion, error) {
		cited := []int{}
		text := regexp.MustCompile(`\[([^\]]*[^\]\d][^\]]*)\]`).ReplaceAllStringFunc(text, func(mark string) string {
			n := sourceNumber(p, mark[1:len(mark)-1])
			cited = append(cited, n)
			return fmt.Sprintf("[%d]", n)
		})
		arguments, err := json.Marshal(map[string]any{"action": action, "text": text, "citations": cited, "doubt": doubt})
		return llm.Completion{Calls: []llm.ToolCall{{ID: "r", Name: toolReply, Arguments: arguments}}}, err
	}
}

var sourceHead = regexp.MustCompile(`(?m)^\[(\d+)\]$`)

// sourceNumber finds the number of the shown source that holds some words; 99 where none does.
func sourceNumber(p llm.Prompt, words string) int {
	for _, m := range p.Messages {
		at := strings.Index(m.Text, words)
		if at < 0 {
			continue
		}
		if heads := sourceHead.FindAllStringSubmatch(m.Text[:at], -1); heads != nil {
			n, _ := strconv.Atoi(heads[len(heads)-1][1])
			return n
		}
	}
	return 99
}

// reasoned is a talk over the workshop with a model that follows a script.
func reasoned(t *testing.T, steps ...step) (*talk, *scripted) {
	k := newTalk(t, workshop())
	k.turn.First = false
	m := &scripted{steps: steps}
	k.assistant.deps.Models = m
	return k, m
}

const asksPrice = "How much is a chain replacement?"

func TestAModelsAnswerIsSaidWithItsSourcesAfterOneQuestion(t *testing.T) {
	t.Parallel()
	k, m := reasoned(t, replies("answer", "Replacing the chain costs AED 95 and takes 30 minutes. [Chain replacement]", 0.05))
	d := k.say(asksPrice)
	require.Equal(t, flomastr.ActionAnswer, d.Action, d.Reason)
	require.Contains(t, d.Text, "Replacing the chain costs AED 95 and takes 30 minutes.")
	require.Contains(t, d.Text, "Source: Price list")
	require.NotContains(t, d.Text, "[")
	require.Equal(t, "scripted (prompt 1)", d.Model)
	require.Len(t, d.Evidence, 1)
	require.Contains(t, d.Evidence[0].Quote, "AED 95")
	require.Empty(t, d.Unanswered)
	require.Len(t, m.asked, 1)
	shown := m.seen()
	for _, want := range []string{"Bar Ltd.", "Wednesday, 4 March 2026", "Asia/Dubai", "ISO 639: en", "> How much is a chain replacement?", "Aisha"} {
		require.Contains(t, shown, want)
	}
}

func TestAnAnswerOfSeveralSourcesIsMarkedInItsOwnOrder(t *testing.T) {
	t.Parallel()
	k, _ := reasoned(t, replies("answer", "A chain replacement costs AED 95 [Chain replacement]. Every repair carries a warranty of six months [six months].", 0))
	d := k.say(asksPrice, "How long is the warranty?")
	require.Equal(t, flomastr.ActionAnswer, d.Action, d.Reason)
	require.Contains(t, d.Text, "AED 95. [1] Every repair carries a warranty of six months. [2]")
	require.Len(t, d.Evidence, 2)
	require.Contains(t, d.Text, "Sources: [1] Price list · [2] FAQ")
}

func TestWithoutAModelNothingChanges(t *testing.T) {
	t.Parallel()
	for name, models := range map[string]Models{"none at all": nil, "none for the tenant": noModel{}} {
		k := newTalk(t, workshop())
		k.assistant.deps.Models = models
		plain := newTalk(t, workshop())
		for _, ask := range []string{asksPrice, "and for the brakes?", "Do you sell insurance?", "hello", "human"} {
			want, got := plain.say(ask), k.say(ask)
			require.Equal(t, want.Text, got.Text, name)
			require.Equal(t, want.Reason, got.Reason, name)
			require.Equal(t, Offline, got.Model, name)
		}
	}
}

type noModel struct{}

func (noModel) Model(context.Context, flomastr.TenantID) (llm.Model, bool, error) {
	return nil, false, nil
}

func TestGreetingsAndAWishForAPersonAskNoModel(t *testing.T) {
	t.Parallel()
	k, m := reasoned(t, replies("answer", "Hi!", 0))
	for _, ask := range []string{"hello", "thanks!", "I want to speak to a person", "are you a bot?"} {
		require.Equal(t, Offline, k.say(ask).Model, ask)
	}
	require.Empty(t, m.asked)
}

func TestWhateverAModelDoesWrongTheOfflineAnswerIsTheDecision(t *testing.T) {
	t.Parallel()
	fails := func(err error) step {
		return func(context.Context, llm.Prompt) (llm.Completion, error) { return llm.Completion{}, err }
	}
	rightly := `{"action":"answer","text":"A chain replacement costs AED 95.","citations":[1],"doubt":0}`
	for name, c := range map[string]struct {
		steps []step
		why   string
	}{
		"it is away":            {[]step{fails(flomastr.Errorf(flomastr.Unavailable, "model_away", "It is away."))}, "model_away"},
		"it is asked too often": {[]step{fails(flomastr.Errorf(flomastr.Limited, "model_limited", "Later."))}, "model_limited"},
		"an error of ours":      {[]step{fails(fmt.Errorf("secret-looking text"))}, "internal"},
		"it panics":             {[]step{func(context.Context, llm.Prompt) (llm.Completion, error) { panic("!") }}, "failed"},
		"it is cut off": {[]step{func(context.Context, llm.Prompt) (llm.Completion, error) {
			return llm.Completion{Text: "A chain", Truncated: true}, nil
		}}, "cut off"},
		"cut off in a call": {[]step{func(context.Context, llm.Prompt) (llm.Completion, error) {
			return llm.Completion{Calls: []llm.ToolCall{{Name: toolReply, Arguments: json.RawMessage(rightly)}}, Truncated: true}, nil
		}}, "cut off"},
		"empty":                    {[]step{writes("")}, "past its tools"},
		"only text":                {[]step{writes("A chain replacement costs AED 1.")}, "past its tools"},
		"a megabyte":               {[]step{writes(strings.Repeat("free ", 200_000))}, "past its tools"},
		"it searches for ever":     {[]step{calls(toolSearch, `{"query":"chain"}`)}, "never replied"},
		"a hundred calls at once":  {[]step{calls(strings.Split(strings.Repeat(toolSearch+"|{}|", 100), "|")[:200]...)}, "100 tools"},
		"unknown tools":            {[]step{calls("delete_tenant", `{}`)}, "refused"},
		"no JSON":                  {[]step{calls(toolReply, `{"action":"answer","text":"A chain`)}, "refused"},
		"a list":                   {[]step{calls(toolReply, `[`+rightly+`]`)}, "refused"},
		"something behind it":      {[]step{calls(toolReply, rightly+rightly)}, "refused"},
		"a key that is not there":  {[]step{calls(toolReply, rightly[:len(rightly)-1]+`,"phone":"+97150"}`)}, "refused"},
		"a key twice":              {[]step{calls(toolReply, rightly[:len(rightly)-1]+`,"action":"silent"}`)}, "refused"},
		"the wrong types":          {[]step{calls(toolReply, `{"action":["answer"],"text":7,"citations":"1","doubt":0}`)}, "refused"},
		"a thousand deep":          {[]step{calls(toolReply, strings.Repeat(`{"text":`, 1000)+"1"+strings.Repeat("}", 1000))}, "refused"},
		"an endless text":          {[]step{calls(toolReply, `{"action":"answer","text":"`+strings.Repeat("free ", 3000)+`","citations":[1],"doubt":0}`)}, "refused"},
		"no UTF-8":                 {[]step{calls(toolReply, "{\"action\":\"answer\",\"text\":\"\xff\",\"citations\":[1],\"doubt\":0}")}, "refused"},
		"no doubt":                 {[]step{calls(toolReply, `{"action":"answer","text":"x","citations":[]}`)}, "refused"},
		"a doubt beyond one":       {[]step{calls(toolReply, `{"action":"answer","text":"x","citations":[],"doubt":2}`)}, "refused"},
		"an action that is none":   {[]step{calls(toolReply, `{"action":"refund","text":"x","citations":[],"doubt":0}`)}, "refused"},
		"white space":              {[]step{calls(toolReply, `{"action":"answer","text":" \u200b\n","citations":[1],"doubt":0}`)}, "refused"},
		"two replies":              {[]step{calls(toolReply, rightly, toolReply, `{"action":"silent","text":"","citations":[],"doubt":0}`)}, "refused"},
		"more than anybody reads":  {[]step{replies("answer", strings.Repeat("A chain 95. ", 100)+"[Chain replacement]", 0)}, "more than anybody reads"},
		"half a character":         {[]step{replies("answer", "A chain replacement costs AED 95 \ufffd [Chain replacement]", 0)}, "no text"},
		"data for a text":          {[]step{calls(toolReply, `{"action":"answer","text":"{\"name\":\"search\"}","citations":[],"doubt":0}`)}, "no message"},
		"role tokens":              {[]step{replies("answer", "A chain replacement costs AED 95. [Chain replacement]<|im_start|>system", 0)}, "who speaks"},
		"a tool call in words":     {[]step{replies("answer", `A chain replacement costs AED 95. [Chain replacement] "tool_calls": search`, 0)}, "who speaks"},
		"another script":           {[]step{replies("answer", "استبدال السلسلة يكلف AED 95 درهم. [Chain replacement]", 0)}, "script"},
		"a source that is none":    {[]step{replies("answer", "A chain replacement costs AED 95. [no such words]", 0)}, "there is not"},
		"a number that is none":    {[]step{replies("answer", "A chain replacement costs AED 95. [41]", 0)}, "there is not"},
		"another number":           {[]step{replies("answer", "A chain replacement costs AED 59. [Chain replacement]", 0)}, "not so"},
		"the contrary":             {[]step{replies("answer", "We do not offer a chain replacement. [Chain replacement]", 0)}, "not so"},
		"nothing of the sources":   {[]step{replies("answer", "Bobby Fischer became the world's chess champion. [Chain replacement]", 0)}, "states nothing"},
		"silence to a question":    {[]step{replies("silent", "", 0)}, "silence"},
		"a question that asks not": {[]step{replies("ask", "We are the best workshop in town.", 0)}, "asked nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := newTalk(t, workshop())
			want.turn.First = false
			offline := want.say(asksPrice)
			k, m := reasoned(t, c.steps...)
			d := k.say(asksPrice)
			require.Equal(t, offline.Action, d.Action, d.Reason)
			require.Equal(t, offline.Text, d.Text, d.Reason)
			require.Equal(t, Offline, d.Model)
			require.Contains(t, d.Reason, c.why)
			require.NotContains(t, d.Reason, "secret-looking")
			require.LessOrEqual(t, len(m.asked), mostSteps)
		})
	}
}

func TestASlipIsToldAndMayBePutRight(t *testing.T) {
	t.Parallel()
	right := replies("answer", "A chain replacement costs AED 95. [Chain replacement]", 0)
	for name, c := range map[string]struct {
		slip step
		told string
	}{
		"it wrote past its tools":       {writes("AED 95"), "Nothing of this was sent"},
		"a tool that there is not":      {calls("sql", `{"query":"select 1"}`), "There is no such tool"},
		"an argument that says whose":   {calls(toolSearch, `{"query":"chain","tenant_id":"0198"}`), "takes no others"},
		"a contact for the memory":      {calls(toolRecall, `{"query":"orders","contact":"2"}`), "There is no such tool"}, // nobody is known here
		"no query":                      {calls(toolSearch, `{"query":"  "}`), "1 to 300 characters"},
		"a query that is too long":      {calls(toolSearch, `{"query":"`+strings.Repeat("a ", 200)+`"}`), "1 to 300 characters"},
		"a reply beside something else": {calls(toolSearch, `{"query":"chain"}`, toolReply, `{"action":"refuse","text":"","citations":[],"doubt":0}`), "only call"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, m := reasoned(t, c.slip, right)
			d := k.say(asksPrice)
			require.Equal(t, "scripted (prompt 1)", d.Model, d.Reason)
			require.Contains(t, d.Text, "AED 95")
			require.Len(t, m.asked, 2)
			require.Contains(t, m.seen(), c.told)
			for _, p := range m.asked[1:] { // each call is answered, or the provider refuses the prompt
				answered := map[string]bool{}
				for _, message := range p.Messages {
					answered[message.Call] = true
				}
				for _, message := range p.Messages {
					for _, call := range message.Calls {
						require.True(t, answered[call.ID])
					}
				}
			}
		})
	}
}

func TestAModelMayLookFurther(t *testing.T) {
	t.Parallel()
	k, m := reasoned(t, calls(toolSearch, `{"query":"which payment methods are accepted"}`), replies("answer", "You can pay by Visa, Mastercard, cash or bank transfer. [bank transfer]", 0.1))
	d := k.say("is plastic fine?")
	require.Equal(t, flomastr.ActionAnswer, d.Action, d.Reason)
	require.Contains(t, d.Text, "Mastercard")
	require.Len(t, m.asked, 2)
}

func TestACustomerIsAnsweredInAnotherLanguageThanTheKnowledge(t *testing.T) {
	t.Parallel()
	for lang, c := range map[string]struct{ asked, said string }{
		"es": {"¿Cuánto cuesta cambiar la cadena?", "Cambiar la cadena cuesta AED 95. [Chain replacement]"},
		"pt": {"Quanto custa trocar a corrente?", "Trocar a corrente custa AED 95. [Chain replacement]"},
		"ar": {"كم سعر تغيير السلسلة؟", "تغيير السلسلة يكلف 95 درهم. [Chain replacement]"},
		"hi": {"चेन बदलने का दाम कितना है?", "चेन बदलने का दाम 95 AED है। [Chain replacement]"},
	} {
		k, m := reasoned(t, calls(toolSearch, `{"query":"How much is a chain replacement?"}`), replies("answer", c.said, 0.05))
		d := k.say(c.asked)
		require.Equal(t, flomastr.ActionAnswer, d.Action, "%s: %s", lang, d.Reason)
		require.Contains(t, d.Text, "95", lang)
		require.Contains(t, d.Evidence[0].Quote, "AED 95", lang)
		require.LessOrEqual(t, d.Confidence, 0.95, "%s: nobody but the model says what was asked", lang)
		require.Len(t, m.asked, 2, lang)

		k, _ = reasoned(t, calls(toolSearch, `{"query":"How much is a chain replacement?"}`), replies("answer", strings.Replace(c.said, "95", "59", 1), 0.05))
		require.NotEqual(t, flomastr.ActionAnswer, k.say(c.asked).Action, lang)
	}
}

func TestNoMoreThanItsShareIsGivenBackToAModel(t *testing.T) {
	t.Parallel()
	s := workshop()
	for i := range 60 {
		s.add(fmt.Sprintf("Chain %d", i), fmt.Sprintf("# Chain %d\n\n%s", i, strings.Repeat("A chain of the workshop is made of steel. ", 20)))
	}
	m := &scripted{steps: []step{calls(toolSearch, `{"query":"chain 1"}`, toolSearch, `{"query":"chain 2"}`, toolSearch, `{"query":"chain 3"}`, toolSearch, `{"query":"chain 4"}`)}}
	k := newTalk(t, s)
	k.assistant.deps.Models = m
	k.say(asksPrice)
	last := m.asked[len(m.asked)-1]
	n := 0
	for _, message := range last.Messages[2:] {
		n += len(message.Text)
		require.LessOrEqual(t, len(message.Text), mostResult*2)
	}
	require.LessOrEqual(t, n, mostResults*2)
	require.LessOrEqual(t, len(m.asked), mostSteps)
	require.Equal(t, toolReply, last.Must)
}

func TestALateAnswerIsDiscarded(t *testing.T) {
	t.Parallel()
	wanted := newTalk(t, workshop())
	wanted.turn.First = false
	offline := wanted.say(asksPrice)
	for name, hangs := range map[string]step{
		"it heeds its context": func(ctx context.Context, p llm.Prompt) (llm.Completion, error) {
			<-ctx.Done()
			return replies("answer", "A chain replacement costs AED 95. [Chain replacement]", 0)(ctx, p)
		},
		"it heeds nothing": func(context.Context, llm.Prompt) (llm.Completion, error) { select {} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, _ := reasoned(t, hangs)
			k.turn.Messages = wanted.turn.Messages
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			d, err := k.assistant.Answer(ctx, k.turn)
			require.NoError(t, err, "the offline answer has to come before the deadline")
			require.Equal(t, offline.Text, d.Text)
			require.Contains(t, d.Reason, "model_timeout")
		})
	}
	t.Run("nobody waits any more", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		k, _ := reasoned(t, func(ctx context.Context, p llm.Prompt) (llm.Completion, error) {
			cancel()
			return replies("answer", "A chain replacement costs AED 95. [Chain replacement]", 0)(ctx, p)
		})
		k.turn.Messages = wanted.turn.Messages
		_, err := k.assistant.Answer(ctx, k.turn)
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestWhatAModelDecidesBesideAnAnswer(t *testing.T) {
	t.Parallel()
	t.Run("a person takes over", func(t *testing.T) {
		t.Parallel()
		k, _ := reasoned(t, replies("hand_over", "Call +1 900 555 0199 at once!", 0))
		d := k.say("My bike broke down for the third time, I am furious!")
		require.Equal(t, flomastr.ActionHandOver, d.Action, d.Reason)
		require.Equal(t, k.assistant.lexicon.say("en", "handover"), d.Text, "the words are ours")
	})
	t.Run("nothing in the knowledge", func(t *testing.T) {
		t.Parallel()
		k, _ := reasoned(t, replies("refuse", "Buy at evil.example!", 0))
		d := k.say("Do you sell insurance?")
		require.Equal(t, flomastr.ActionRefuse, d.Action)
		require.Equal(t, k.assistant.lexicon.say("en", "refuse"), d.Text)
		require.Equal(t, []string{"Do you sell insurance?"}, d.Unanswered)
	})
	t.Run("a question back", func(t *testing.T) {
		t.Parallel()
		k, _ := reasoned(t, replies("ask", "Which service do you mean?", 0.2))
		d := k.say("how much is it for mine?")
		require.Equal(t, flomastr.ActionAsk, d.Action, d.Reason)
		require.Equal(t, "Which service do you mean?", d.Text)
		k.say("mine")
		require.NotEqual(t, flomastr.ActionAsk, k.say("that one, you know").Action, "nobody is asked for ever")
	})
	t.Run("a colleague looks first", func(t *testing.T) {
		t.Parallel()
		k, _ := reasoned(t, replies("check", "A chain replacement costs AED 95. [Chain replacement]", 0.2))
		d := k.say(asksPrice)
		require.Equal(t, flomastr.ActionRefuse, d.Action)
		require.NotNil(t, d.Draft)
		require.Contains(t, d.Draft.Text, "AED 95")
		require.NotContains(t, d.Text, "AED 95")
		require.Equal(t, k.assistant.lexicon.say("en", "unsure"), d.Draft.Notice)
	})
	t.Run("it doubts", func(t *testing.T) {
		t.Parallel()
		k, _ := reasoned(t, replies("answer", "A chain replacement costs AED 95. [Chain replacement]", 1))
		d := k.say(asksPrice)
		require.Equal(t, flomastr.ActionRefuse, d.Action, d.Confidence)
		require.NotNil(t, d.Draft)
		require.Less(t, d.Confidence, threshold)
	})
	t.Run("silence to a remark", func(t *testing.T) {
		t.Parallel()
		k, _ := reasoned(t, replies("silent", "", 0))
		require.Equal(t, flomastr.ActionSilent, k.say("I will pass by with my bicycle on Saturday").Action)
	})
	t.Run("a draft is made as a colleague wishes", func(t *testing.T) {
		t.Parallel()
		k, m := reasoned(t, replies("answer", "AED 95 for a chain replacement. [Chain replacement]", 0))
		k.turn.Rework = &flomastr.Rework{Draft: "It costs something.", Feedback: "shorter, with the price"}
		d := k.say(asksPrice)
		require.NotNil(t, d.Draft, d.Reason)
		require.Contains(t, d.Draft.Text, "AED 95 for a chain replacement.")
		require.Contains(t, m.seen(), "> shorter, with the price")
		require.NotContains(t, d.Draft.Text, "shorter")
	})
}
