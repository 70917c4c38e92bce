package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
	"github.com/flomastr/flomastr/llm/offline"
	"github.com/flomastr/flomastr/postgres/postgrestest"
)

func TestACardIsFoundAtOnceAndStaysWhole(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	b.add(t, tenant, "Opening hours", opening)
	answer := "Yes, on Tuesdays.\n\n# Charges\n\n- Sharjah: 20 dirhams\n- Ajman: 30 dirhams\n\n" + strings.Repeat("Parcels are left with a neighbour. ", 80) + "\n\nElsewhere we send them by post."
	item, err := b.PublishCard(t.Context(), tenant, contextengine.Card{Question: "Do you deliver to Sharjah?", Answer: answer, By: "user:1"})
	require.NoError(t, err)
	require.Equal(t, contextengine.Embedded, item.Status, "nobody has run its job")
	require.Equal(t, contextengine.FromHITL, item.Source)
	require.Equal(t, 1, item.Chunks)
	for _, question := range []string{"do you deliver to sharjah?", "delivery in Sharjah", "is a parcel left with the neighbours?", "what about elsewhere, by post?"} {
		best := b.best(t, tenant, question)
		require.Equal(t, item.ID, best.Item, question)
		require.Equal(t, strings.TrimSpace(answer), best.Text, question)
		require.Equal(t, "hitl", best.Source)
	}
	// The job that was made with it finds nothing to do.
	require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: 1}))
	again, err := b.Item(t.Context(), tenant, item.ID)
	require.NoError(t, err)
	require.Equal(t, item, again)
}

func TestACardIsEditedAndKeepsItsVersions(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	publish := func(card contextengine.Card) (contextengine.Item, error) {
		card.By = "user:1"
		return b.PublishCard(t.Context(), tenant, card)
	}
	first, err := publish(contextengine.Card{Question: "Do you deliver?", Answer: "No."})
	require.NoError(t, err)
	same, err := publish(contextengine.Card{Question: "Do you deliver?", Answer: " No. "})
	require.NoError(t, err)
	require.Equal(t, first, same, "nothing of it changed")
	second, err := publish(contextengine.Card{Question: "Do you deliver?", Answer: "Yes, on Tuesdays."})
	require.NoError(t, err)
	require.Equal(t, first.ID, second.ID)
	require.Equal(t, 2, second.Version)
	third, err := publish(contextengine.Card{ID: first.ID, Question: "Do you bring bicycles home?", Answer: "Yes, on Tuesdays."})
	require.NoError(t, err)
	require.Equal(t, first.ID, third.ID)
	require.Equal(t, "Do you bring bicycles home?", third.Title)
	require.Equal(t, 3, third.IndexedVersion, "another question is another version, although the answer is the same")
	require.Equal(t, "Do you bring bicycles home?", b.best(t, tenant, "are bicycles brought home?").Title)
	versions, err := b.Versions(t.Context(), tenant, first.ID)
	require.NoError(t, err)
	require.Len(t, versions, 3)
	require.Equal(t, flomastr.Actor("user:1"), versions[0].By)
	back, err := b.Restore(t.Context(), tenant, "user:1", first.ID, 1)
	require.NoError(t, err)
	require.Equal(t, contextengine.FromHITL, back.Source)
	require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: back.ID, Version: back.Version}))
	require.Equal(t, "No.", b.best(t, tenant, "are bicycles brought home?").Text)
}

func TestACardTakesNothingElsesPlace(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	paste := b.add(t, tenant, "Opening hours", opening)
	card, err := b.PublishCard(t.Context(), tenant, contextengine.Card{Question: "Do you deliver?", Answer: "No."})
	require.NoError(t, err)
	other := postgrestest.Tenant(t, b.db)
	theirs, err := b.PublishCard(t.Context(), other, contextengine.Card{Question: "Do you deliver?", Answer: "Yes."})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		card contextengine.Card
		want error
	}{
		"the title of a text":            {contextengine.Card{Question: "Opening hours", Answer: "At nine."}, contextengine.ErrTitleTaken},
		"an edit to the title of a text": {contextengine.Card{ID: card.ID, Question: "Opening hours", Answer: "At nine."}, contextengine.ErrTitleTaken},
		"an edit of a text":              {contextengine.Card{ID: paste.ID, Question: "Opening hours", Answer: "At nine."}, contextengine.ErrItemNotFound},
		"another tenant's card":          {contextengine.Card{ID: theirs.ID, Question: "When?", Answer: "At nine."}, contextengine.ErrItemNotFound},
		"no card":                        {contextengine.Card{ID: flomastr.NewID[flomastr.ItemID](), Question: "When?", Answer: "At nine."}, contextengine.ErrItemNotFound},
		"no answer":                      {contextengine.Card{Question: "When?", Answer: " \n"}, contextengine.ErrAnswerLength},
		"too long an answer":             {contextengine.Card{Question: "When?", Answer: strings.Repeat("é", 4097)}, contextengine.ErrAnswerLength},
		"no question":                    {contextengine.Card{Question: " ", Answer: "At nine."}, contextengine.ErrTitleLength},
	} {
		_, err := b.PublishCard(t.Context(), tenant, c.card)
		require.ErrorIs(t, err, c.want, name)
	}
	for id, want := range map[flomastr.ItemID]contextengine.Item{paste.ID: paste, card.ID: card} {
		got, err := b.Item(t.Context(), tenant, id)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

// TestACardThatCannotBeReadAtOnceWaitsForItsJob also stands for an embedder that is away while somebody writes.
func TestACardThatCannotBeReadAtOnceWaitsForItsJob(t *testing.T) {
	t.Parallel()
	b, tenant := knowledge(t)
	deps := b.Deps
	deps.Embedder = absentEmbedder{offline.New()}
	item, err := contextengine.New(deps).PublishCard(t.Context(), tenant, contextengine.Card{Question: "Do you deliver?", Answer: "Yes, on Tuesdays."})
	require.NoError(t, err)
	require.Equal(t, contextengine.Processing, item.Status)
	require.NoError(t, b.Index(t.Context(), tenant, contextengine.IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}))
	require.Equal(t, item.ID, b.best(t, tenant, "do you deliver?").Item)
}

type absentEmbedder struct{ *offline.Embedder }

func (absentEmbedder) Embed(context.Context, []string) ([][]float32, error) {
	return nil, flomastr.Errorf(flomastr.Unavailable, "embedder_away", "It is away.")
}
