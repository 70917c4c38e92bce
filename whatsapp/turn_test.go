package whatsapp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

func TestABurstIsOneTurnAndALaterMessageIsAnother(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.BurstWait = 3 * time.Second // a busy machine must get all three in within it
	b := setup(t, options{settings: settings})
	b.work()
	b.says("385911111111", "hello")
	b.says("385911111111", "i have a question")
	b.says("385911111111", "are you open on sunday")
	b.eventually("one answer", func() bool { return len(b.ledger.all()) == 1 })
	require.Equal(t, "re: hello | i have a question | are you open on sunday", b.ledger.all()[0].Text)
	b.says("385911111111", "and on monday")
	b.eventually("another answer", func() bool { return len(b.ledger.all()) == 2 })
	require.Equal(t, "re: and on monday", b.ledger.all()[1].Text)
	turns := b.answerer.seen()
	require.Len(t, turns, 2)
	require.True(t, turns[0].First)
	require.False(t, turns[1].First, "an answer was sent before")
	require.Len(t, turns[1].History, 4)
	require.Equal(t, flomastr.SpeakerAssistant, turns[1].History[3].Speaker)
}

// The inbox shows what waits for an answer, and must hear that nothing does any more.
func TestATurnThatEndsInSilenceIsToldOnceAndAnAnsweredOneByItsAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		action flomastr.Action
		told   int
	}{{flomastr.ActionSilent, 1}, {flomastr.ActionAnswer, 0}, {flomastr.ActionHandOver, 1}} {
		t.Run(string(c.action), func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.answerer.fn = func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
				d := flomastr.Decision{Action: c.action, Reason: "A test."}
				if c.action != flomastr.ActionSilent {
					d.Text = "A colleague sees to it."
				}
				return d, nil
			}
			b.work()
			b.says("385911111111", "Thanks!")
			b.settled()
			require.Equal(t, c.told, b.count(`SELECT count(*) FROM events WHERE type = 'conversation.updated' AND data->>'conversation_id' = $1`, b.only().ID.String()))
		})
	}
}

func TestAFinishedSentenceIsAnsweredWithoutWaiting(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.BurstWait = time.Hour // whoever waits for it waits for ever
	b := setup(t, options{settings: settings})
	b.work()
	for i, text := range []string{"Are you open?", "Thanks!", "ok 👍", "هل أنتم مفتوحون؟", `"Yes."`, "今日は開いていますか。"} {
		b.says(fmt.Sprintf("3859111%05d", i), text)
	}
	b.eventually("all are answered", func() bool { return len(b.ledger.all()) == 6 })
	b.says("385911199999", "are you open and")
	time.Sleep(200 * time.Millisecond)
	require.Len(t, b.ledger.all(), 6, "an open sentence waits for its end")
}

func TestMessagesThatArriveDuringAnAnswerAreTheNextTurn(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	release := make(chan struct{})
	var once sync.Once
	b.answerer.fn = func(ctx context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
		if turn.Messages[0].Text == "First." {
			once.Do(func() { b.says("385911111111", "Second.") })
			<-release
		}
		return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "re: " + turn.Messages[0].Text}, nil
	}
	b.work()
	b.says("385911111111", "First.")
	b.eventually("the second is stored", func() bool { return b.count(messagesSQL) == 2 })
	time.Sleep(100 * time.Millisecond)
	require.Len(t, b.answerer.seen(), 1, "one turn of a conversation at a time")
	close(release)
	b.eventually("both are answered", func() bool { return len(b.ledger.all()) == 2 })
	require.Equal(t, []string{"re: First.", "re: Second."}, b.ledger.to("385911111111"))
	for _, m := range b.answerer.seen()[1].History {
		require.NotEqual(t, "Second.", m.Text)
	}
}

func TestAnAnswererThatFailsIsTriedAgainAndThenTheTruthIsToldOnce(t *testing.T) {
	t.Parallel()
	for name, fn := range map[string]func(context.Context, flomastr.Turn) (flomastr.Decision, error){
		"error": func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
			return flomastr.Decision{}, errors.New("boom")
		},
		"panic": func(context.Context, flomastr.Turn) (flomastr.Decision, error) { panic("boom") },
		"empty": func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
			return flomastr.Decision{Action: flomastr.ActionAnswer, Text: " \n\x00"}, nil
		},
		"absurd": func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
			return flomastr.Decision{Action: "dance", Text: "la"}, nil
		},
		"hangs": func(ctx context.Context, _ flomastr.Turn) (flomastr.Decision, error) {
			<-ctx.Done()
			return flomastr.Decision{}, ctx.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := quick()
			settings.AnswerTimeout, settings.TurnAttempts = 50*time.Millisecond, 3
			settings.Texts.Fallback, settings.Texts.Disclosure = "Sorry, a fault.", "I am a machine."
			b := setup(t, options{settings: settings})
			b.answerer.fn = fn
			b.work()
			b.says("385911111111", "Anybody?")
			b.eventually("the fallback", func() bool { return len(b.ledger.all()) == 1 })
			require.Equal(t, "I am a machine.\n\nSorry, a fault.", b.ledger.all()[0].Text)
			require.Len(t, b.answerer.seen(), 3)
			require.Equal(t, 1, b.count(`SELECT count(*) FROM jobs WHERE state = 'failed' AND error <> ''`))
			time.Sleep(200 * time.Millisecond)
			require.Len(t, b.ledger.all(), 1)
		})
	}
}

func TestAnAnswererThatDoesNotStopIsAbandoned(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.Workers, settings.AnswerTimeout, settings.AbandonAfter, settings.TurnAttempts = 1, 50*time.Millisecond, 10*time.Millisecond, 2
	settings.Texts.Fallback = "Sorry, a fault."
	b := setup(t, options{settings: settings})
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	b.answerer.fn = func(_ context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
		if turn.Messages[0].Text == "Hang!" {
			<-release // whatever is cancelled
		}
		return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "re: " + turn.Messages[0].Text}, nil
	}
	b.work()
	b.says("385911111111", "Hang!")
	b.eventually("it hangs", func() bool { return len(b.answerer.seen()) == 1 })
	b.says("385922222222", "Hello?")
	b.eventually("its place is given to another", func() bool { return len(b.ledger.to("385922222222")) == 1 })
	b.eventually("the truth is told", func() bool { return len(b.ledger.to("385911111111")) == 1 })
	require.Contains(t, b.ledger.to("385911111111")[0], "Sorry, a fault.")
	require.Equal(t, 1, b.count(`SELECT count(*) FROM jobs WHERE state = 'failed' AND error = 'timeout'`))
}

func TestATurnThatCannotBeReadIsGivenUpInTheEnd(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.TurnAttempts, settings.Texts.Fallback = 2, "Sorry, a fault."
	b := setup(t, options{settings: settings})
	b.work()
	b.says("385911111111", "Hello?")
	b.eventually("an answer", func() bool { return len(b.ledger.all()) == 1 })
	tenantExec(t, b, `UPDATE messages SET decision = '{"evidence": "of another shape"}' WHERE direction = 'out'`)
	b.says("385911111111", "And on Sunday?")
	b.eventually("the truth is told", func() bool { return len(b.ledger.all()) == 2 })
	require.Equal(t, "Sorry, a fault.", b.ledger.all()[1].Text)
	require.Equal(t, 1, b.count(`SELECT count(*) FROM jobs WHERE state = 'failed' AND attempts = 2 AND error <> ''`))
	require.Len(t, b.answerer.seen(), 1)
}

func TestWhatCannotBeReadGetsOnePoliteAnswerAndNeverReachesTheAssistant(t *testing.T) {
	t.Parallel()
	settings := quick()
	settings.Texts.Disclosure, settings.Texts.Unreadable = "I am a machine.", "Only text, please."
	b := setup(t, options{settings: settings})
	b.work()
	kinds := []string{
		`{"type":"VOICE","url":"https://x.api.infobip.com/m/1"}`, `{"type":"STICKER","url":"https://x.api.infobip.com/m/2"}`,
		`{"type":"LOCATION","latitude":44.9,"longitude":13.8,"name":"Office"}`, `{"type":"UNSUPPORTED"}`, `{"type":"INFECTED_CONTENT","malware":"x"}`,
		`{"type":"CONTACT","contacts":[{"name":{"formattedName":"A B"},"phones":[{"phone":"385911111111"}]}]}`,
	}
	results := make([]string, len(kinds))
	for i, m := range kinds {
		results[i] = strings.Replace(textResult("385911111111", ourNumber, "@@", ""), `{"type":"TEXT","text":"@@"}`, m, 1)
	}
	require.NoError(t, b.post(envelope(results...)))
	b.eventually("one answer", func() bool { return len(b.ledger.all()) == 1 })
	time.Sleep(200 * time.Millisecond)
	require.Equal(t, []string{"I am a machine.\n\nI cannot listen to voice messages. Somebody of our team will listen to it and get back to you."}, b.ledger.to("385911111111"))
	require.Empty(t, b.answerer.seen())
	messages := b.thread()
	require.Len(t, messages, len(kinds)+1, "each is kept")
	require.Equal(t, "[location 44.9, 13.8 Office]", messages[2].Text)
	require.Equal(t, "[contact: A B 385911111111]", messages[5].Text)
}

func TestAReactionAndAGroupMessageAreKeptAndNotAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.work()
	for _, m := range []string{
		`{"type":"REACTION","emoji":"👍","action":"ADDED","context":{"id":"wamid.x"}}`,
		`{"type":"TEXT","text":"to all","context":{"groupId":"g1","id":null,"from":null}}`,
	} {
		require.NoError(t, b.post(envelope(strings.Replace(textResult("385911111111", ourNumber, "@@", ""), `{"type":"TEXT","text":"@@"}`, m, 1))))
	}
	time.Sleep(200 * time.Millisecond)
	require.Equal(t, 2, b.count(messagesSQL))
	require.Zero(t, b.count(`SELECT count(*) FROM jobs`))
	require.Equal(t, 1, b.count(`SELECT count(*) FROM conversations WHERE window_until IS NULL`), "a reaction alone opens no window")
}

// An answer that is longer than one message leaves in several, in order, each a message of its own and of the same turn.
func TestALongAnswerLeavesInPartsInOrder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text  string
		parts int
		whole bool
	}{
		"one":     {"Hello there.", 1, true},
		"words":   {strings.TrimSpace(strings.Repeat("word ", 2000)), 3, true},
		"no gaps": {strings.Repeat("x", 9000), 3, true},
		"emoji":   {strings.Repeat("👩‍👩‍👧", 2000), 4, true},
		"a book":  {strings.TrimSpace(strings.Repeat("word ", 20000)), 4, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{})
			b.answerer.fn = func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
				return flomastr.Decision{Action: flomastr.ActionAnswer, Text: c.text}, nil
			}
			b.work()
			b.says("385911111111", "Tell me all.")
			b.eventually("all parts", func() bool {
				return len(b.ledger.all()) == c.parts && b.count(`SELECT count(*) FROM outbox WHERE phase <> 'settled'`) == 0
			})
			sent := b.ledger.to("385911111111")
			for _, part := range sent {
				require.LessOrEqual(t, len(utf16.Encode([]rune(part))), flomastr.MaxReplyChars)
			}
			joined := strings.ReplaceAll(strings.Join(sent, ""), " ", "")
			if c.whole {
				require.Equal(t, strings.ReplaceAll(c.text, " ", ""), joined)
			} else {
				require.True(t, strings.HasPrefix(strings.ReplaceAll(c.text, " ", ""), strings.TrimSuffix(joined, "…")), "cut, not changed")
				require.True(t, strings.HasSuffix(joined, "…"), "and it shows")
			}
			require.Equal(t, 1, b.count(`SELECT count(*) FROM outbox WHERE part = 1`), "one answer a turn")
			require.Equal(t, 1, b.count(`SELECT count(DISTINCT job_id) FROM outbox`))
			require.Equal(t, 1, b.count(`SELECT count(*) FROM messages WHERE decision IS NOT NULL`))
		})
	}
}

// A part that has to be tried again holds up those behind it.
func TestPartsOfAnAnswerDoNotOvertake(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.answerer.fn = func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
		return flomastr.Decision{Action: flomastr.ActionAnswer, Text: strings.Repeat("a", 4096) + " " + strings.Repeat("b", 4096)}, nil
	}
	b.ledger.answer = func(w http.ResponseWriter, s sent, n int) bool {
		if n <= 2 {
			w.WriteHeader(http.StatusTooManyRequests)
			return false
		}
		accept(w, s)
		return true
	}
	b.work()
	b.says("385911111111", "Tell me all.")
	b.eventually("both parts", func() bool { return len(b.ledger.all()) == 2 })
	sent := b.ledger.to("385911111111")
	require.Equal(t, []string{strings.Repeat("a", 4096), strings.Repeat("b", 4096)}, sent)
}

func TestAnAnswersMarkdownIsWhatsAppsWhenItIsSent(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.answerer.fn = func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
		return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "## Hours\n**Mon**: 9–17, see [the page](https://x.example/a_b)"}, nil
	}
	b.work()
	b.says("385911111111", "When?")
	b.eventually("an answer", func() bool { return len(b.ledger.all()) == 1 })
	require.Equal(t, "*Hours*\n*Mon*: 9–17, see the page (https://x.example/a_b)", b.ledger.all()[0].Text)
	require.Equal(t, b.ledger.all()[0].Text, b.thread()[1].Text, "the inbox shows what was sent")
}

func TestAPersonWhoTakesOverSilencesTheAssistantEvenInWaitingJobs(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.says("385911111111", "Is a person there?")
	list, _, err := b.engine.Conversations(t.Context(), b.tenant, whatsapp.Page{Limit: 5})
	require.NoError(t, err)
	_, err = b.engine.Assign(t.Context(), b.tenant, list[0].ID, "user:x|agent-1", "somebody", "")
	require.ErrorIs(t, err, whatsapp.ErrNoMember)
	b.hire("agent-1")
	_, err = b.engine.Assign(t.Context(), b.tenant, list[0].ID, "user:x|agent-1", "agent-1", "")
	require.NoError(t, err)
	b.work()
	b.eventually("the job is done", func() bool { return b.count(`SELECT count(*) FROM jobs WHERE state = 'completed'`) == 1 })
	require.Empty(t, b.ledger.all())
	require.Empty(t, b.answerer.seen())

	_, err = b.engine.Resume(t.Context(), b.tenant, list[0].ID, "user:x|agent-1")
	require.NoError(t, err)
	b.says("385911111111", "And now?")
	b.eventually("the assistant is back", func() bool { return len(b.ledger.all()) == 1 })
}

func TestAReplyOfAPersonSupersedesTheAnswerThatIsBeingMade(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	thinking, release := make(chan struct{}), make(chan struct{})
	b.answerer.fn = func(ctx context.Context, _ flomastr.Turn) (flomastr.Decision, error) {
		close(thinking)
		select {
		case <-release:
		case <-ctx.Done():
		}
		return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "from the machine"}, nil
	}
	b.work()
	b.says("385911111111", "Hello?")
	<-thinking
	list, _, err := b.engine.Conversations(t.Context(), b.tenant, whatsapp.Page{Limit: 5})
	require.NoError(t, err)
	_, err = b.engine.Reply(t.Context(), b.tenant, list[0].ID, whatsapp.Author{ID: "agent-1"}, provider.Message{Text: "from a person"})
	require.NoError(t, err)
	b.eventually("the person's reply does not wait for the machine", func() bool { return len(b.ledger.all()) == 1 })
	close(release)
	b.eventually("the job is done", func() bool { return b.count(`SELECT count(*) FROM jobs WHERE state = 'completed'`) == 1 })
	require.Equal(t, []string{"from a person"}, b.ledger.to("385911111111"))
	_, err = b.engine.Reply(t.Context(), b.tenant, list[0].ID, whatsapp.Author{ID: "agent-2"}, provider.Message{Text: "me too"})
	require.ErrorIs(t, err, whatsapp.ErrConversationOwned)
}

func TestHandingOverSendsTheLastWordAndLeavesTheConversationToAPerson(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.answerer.fn = func(context.Context, flomastr.Turn) (flomastr.Decision, error) {
		return flomastr.Decision{Action: flomastr.ActionHandOver, Text: "A colleague will answer.", Reason: "asked for a person"}, nil
	}
	b.work()
	b.says("385911111111", "A human, please!")
	b.eventually("the last word", func() bool { return len(b.ledger.all()) == 1 })
	list, _, err := b.engine.Conversations(t.Context(), b.tenant, whatsapp.Page{Limit: 5})
	require.NoError(t, err)
	require.Equal(t, whatsapp.OwnerMember, list[0].OwnerKind)
	require.Equal(t, "asked for a person", list[0].HandoverReason)
}

func TestAnAnswerRemembersWhatItStoodOn(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	evidence := []flomastr.Evidence{{Item: flomastr.NewID[flomastr.ItemID](), Title: "Hours", Quote: "We open at nine.", Source: "paste", Score: 0.8}}
	b.answerer.fn = func(_ context.Context, turn flomastr.Turn) (flomastr.Decision, error) {
		return flomastr.Decision{Action: flomastr.ActionAnswer, Text: "We open at nine.", Evidence: evidence, Confidence: 0.7, Model: "offline"}, nil
	}
	b.work()
	b.says("385911111111", "When do you open?")
	b.eventually("an answer", func() bool { return len(b.ledger.all()) == 1 })
	b.says("385911111111", "And on Sundays?")
	b.eventually("a second answer", func() bool { return len(b.answerer.seen()) == 2 })
	history := b.answerer.seen()[1].History
	require.Equal(t, evidence, history[len(history)-1].Evidence)
	require.InDelta(t, 0.7, b.thread()[1].Decision.Confidence, 1e-9)
}

func TestAUserIDIsTheSameContactWithAndWithoutItsPhone(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	post := func(from, contact string) {
		t.Helper()
		body := strings.Replace(textBody(from, ourNumber, "Hello.", ""), `"contact":{"name":"Ana"}`, `"contact":`+contact, 1)
		require.NoError(t, b.post(body))
	}
	contacts := func() int { return b.count(`SELECT count(*) FROM contacts`) }
	post("385911111111", `{"name":"Ana"}`)
	post("385911111111", `{"name":"Ana","userId":"HR.150abc"}`)
	post("HR.150abc", `{"name":"Ana","userId":"HR.150abc"}`)
	require.Equal(t, 1, contacts(), "the phone learnt its user id, and the user id alone is known")
	post("385911111111", `{"name":"Bob","userId":"HR.999xyz"}`)
	require.Equal(t, 2, contacts(), "a number that comes with another user id has changed hands")
	post("385911111111", `{"name":"Bob"}`)
	require.Equal(t, 2, contacts())
	require.Equal(t, 2, b.count(`SELECT count(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id
		JOIN contacts t ON t.id = c.contact_id WHERE t.name = 'Bob'`), "the new owner sees nothing of the old one's history")
	post("HR.777", `{"name":"Cy","userId":"HR.777"}`)
	require.Equal(t, 3, contacts(), "nobody needs a phone")
}

func TestAUserWithoutAPhoneIsAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.work()
	body := strings.Replace(textBody("AE.1509876", ourNumber, "Hello?", ""), `"contact":{"name":"Ana"}`, `"contact":{"userId":"AE.1509876","username":"ana"}`, 1)
	require.NoError(t, b.post(body))
	b.eventually("an answer", func() bool { return len(b.ledger.to("AE.1509876")) == 1 })
}
