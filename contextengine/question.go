package contextengine

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/ranking"
)

// vocabulary is what reading a question needs of the store.
type vocabulary interface {
	Lookup(ctx context.Context, tenant flomastr.TenantID, ask Lookup) (Known, error)
	Similar(ctx context.Context, tenant flomastr.TenantID, word string) ([]KnownWord, error)
}

// brain is a tenant's vocabulary as it serves, or as it would with the changes of a release.
type brain struct {
	ContentStore
	changes []flomastr.ReleaseChangeID
}

func (b brain) Lookup(ctx context.Context, tenant flomastr.TenantID, ask Lookup) (Known, error) {
	ask.Changes = b.changes
	return b.ContentStore.Lookup(ctx, tenant, ask)
}

func (b brain) Similar(ctx context.Context, tenant flomastr.TenantID, word string) ([]KnownWord, error) {
	return b.ContentStore.Similar(ctx, tenant, word, b.changes)
}

// asked is a question, read against the tenant's vocabulary.
type asked struct {
	ranking.Question
	corpus    ranking.Corpus
	language  analysis.Language // of the collection
	stamp     string            // of the index that it was read against
	model     string            // whose vectors served then
	corrected string            // "" when nothing was
	unknown   []string          // words that neither stand in the vocabulary nor could be corrected
}

// maxQuestionBytes bounds what is read of a question: a pasted document is not one.
const maxQuestionBytes = 2000

// read turns a text into a question. Words are looked up as they are written, because the vocabulary knows the stem
// that each was counted under in the tenant's own language; a word that is not there is corrected, then stemmed, then
// replaced by words that resemble it.
func (a *analyst) read(ctx context.Context, tenant flomastr.TenantID, vocab vocabulary, text string) (asked, error) {
	if len(text) > maxQuestionBytes {
		text = strings.ToValidUTF8(text[:maxQuestionBytes], "")
	}
	lang := a.detector.Detect(text)
	tokens := a.stemmer.Words(text, lang)
	if len(tokens) == 0 {
		return asked{}, ErrEmptyQuery
	}
	ids := a.ids.Find(text)
	known, err := vocab.Lookup(ctx, tenant, lookupOf(tokens, ids, analysis.GramText(tokens, text)))
	if err != nil {
		return asked{}, err
	}
	if lang == analysis.Undecided && known.Language != analysis.Undecided {
		tokens = a.stemmer.Words(text, known.Language) // stems are only used for words that the vocabulary has not
	}
	q := asked{corpus: known.Corpus, language: known.Language, stamp: known.Stamp, model: known.Serving}
	surfaces := map[string][]KnownWord{}
	for _, w := range known.Words {
		surfaces[w.Word] = append(surfaces[w.Word], w)
	}
	gramText := text
	for _, t := range tokens {
		word := ranking.Word{Surface: t.Word, Weight: 1}
		for _, w := range surfaces[t.Word] {
			word.Terms = append(word.Terms, w.Term)
			word.Found = max(word.Found, known.Terms[w.Term], w.Passages)
		}
		if n := known.Terms[t.Term]; n > 0 && !slices.Contains(word.Terms, t.Term) {
			word.Terms = append(word.Terms, t.Term)
			word.Found = max(word.Found, n)
		}
		if len(word.Terms) == 0 && t.Cut {
			word.Terms = []analysis.Term{t.Term}
		}
		if len(word.Terms) == 0 && len(tokens) > 1 && a.detector.Ordinary(t.Word) {
			continue // "much" finds nothing, and is no misspelt "such"
		}
		if len(word.Terms) == 0 {
			similar, err := vocab.Similar(ctx, tenant, t.Word)
			if err != nil {
				return asked{}, err
			}
			if right, ok := correct(t.Word, similar); ok {
				word.Surface, word.Terms, word.Found, word.Weight = right.Word, []analysis.Term{right.Term}, right.Passages, right.weight
				gramText = strings.Replace(gramText, text[t.Start:t.End], right.Word, 1)
			} else {
				word.Terms, word.Found, word.Weight = resembling(t.Word, similar)
				q.unknown = append(q.unknown, t.Word)
			}
			if len(word.Terms) == 0 {
				word.Terms, word.Weight = []analysis.Term{t.Term}, 1
			}
		}
		q.Words = append(q.Words, word)
	}
	if len(q.Words) == 0 {
		q.Words = []ranking.Word{{Surface: tokens[0].Word, Terms: []analysis.Term{tokens[0].Term}, Weight: 1}}
	}
	q.Grams = known.Grams
	if gramText != text {
		q.corrected = gramText
		grams := lookupOf(a.stemmer.Words(gramText, lang), nil, nil)
		grams.Words, grams.Terms = nil, nil
		grams.Grams = distinctGrams(analysis.GramText(a.stemmer.Words(gramText, lang), gramText))
		again, err := vocab.Lookup(ctx, tenant, grams)
		if err != nil {
			return asked{}, err
		}
		q.Grams = again.Grams
	}
	for _, id := range ids {
		if n := known.Terms[id.Term]; id.Strict() || n > 0 {
			q.Identifiers = append(q.Identifiers, ranking.Word{Surface: id.Norm, Terms: []analysis.Term{id.Term}, Found: n, Weight: 1})
		}
	}
	return q, nil
}

func lookupOf(tokens []analysis.Token, ids []analysis.Identifier, gramText []byte) Lookup {
	words, terms := map[string]bool{}, map[analysis.Term]bool{}
	for _, t := range tokens {
		words[t.Word], terms[t.Term] = true, true
	}
	for _, id := range ids {
		terms[id.Term] = true
	}
	return Lookup{Words: slices.Sorted(maps.Keys(words)), Terms: slices.Sorted(maps.Keys(terms)), Grams: distinctGrams(gramText)}
}

func distinctGrams(text []byte) []analysis.Gram {
	grams := map[analysis.Gram]bool{}
	analysis.EachGram(text, func(g analysis.Gram) { grams[g] = true })
	return slices.Sorted(maps.Keys(grams))
}
