package conversations_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr/memory/conversations"
)

const line = `{"id":"c1","speakers":["Ana","Ben"],"sessions":[{"at":"1:56 pm on 8 May, 2023","turns":[` +
	`{"id":"D1:1","speaker":"Ana","text":"Hi"},{"id":"D1:2","speaker":"Ben","text":"Hello"}]}],"questions":[` +
	`{"question":"Who?","evidence":["D1:1","D1:1","D1:9"],"category":1},{"question":"Wrong person?","evidence":["D1:1"],"category":5},` +
	`{"question":"Nothing?","evidence":[],"category":4}]}`

func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "set.jsonl")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestASetIsReadWithoutQuestionsThatNothingAnswers(t *testing.T) {
	t.Parallel()
	list, err := conversations.Read(written(t, line+"\n\n"))
	require.NoError(t, err)
	require.Equal(t, []conversations.Conversation{{
		ID: "c1", Speakers: [2]string{"Ana", "Ben"},
		Turns: []conversations.Turn{
			{ID: "D1:1", Speaker: 0, Text: "Hi", At: time.Date(2023, 5, 8, 13, 56, 0, 0, time.UTC)},
			{ID: "D1:2", Speaker: 1, Text: "Hello", At: time.Date(2023, 5, 8, 13, 57, 0, 0, time.UTC)},
		},
		Questions: []conversations.Question{{Text: "Who?", Evidence: []string{"D1:1", "D1:9"}, Category: 1}},
	}}, list)
}

func TestABrokenSetIsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON":            `{`,
		"three speakers":     `{"speakers":["a","b","c"]}`,
		"a session's time":   `{"speakers":["a","b"],"sessions":[{"at":"yesterday"}]}`,
		"a stranger's words": `{"speakers":["a","b"],"sessions":[{"at":"1:56 pm on 8 May, 2023","turns":[{"id":"1","speaker":"c"}]}]}`,
	} {
		_, err := conversations.Read(written(t, text))
		require.Error(t, err, name)
	}
}

func TestEvidenceCountsByItsPlaceAndMissingEvidenceAsMissed(t *testing.T) {
	t.Parallel()
	var r conversations.Report
	ten := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
	r.Add(conversations.Question{Evidence: []string{"a", "f"}, Category: 1}, ten)
	r.Add(conversations.Question{Evidence: []string{"b", "nowhere"}, Category: 4}, ten)
	require.Equal(t, 2, r.Questions)
	require.InDelta(t, 0.5, r.At5, 1e-9)
	require.InDelta(t, 0.75, r.At10, 1e-9)
	require.InDelta(t, 0.75, r.At20, 1e-9)
	require.InDelta(t, 1.0, r.ByCategory["1"].At10, 1e-9)
	require.InDelta(t, 0.5, r.ByCategory["4"].At5, 1e-9)
}
