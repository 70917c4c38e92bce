package contextengine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flomastr/flomastr"
)

// Card is a question with the answer that a person wrote. It becomes an item like any other, named by its question, and is
// one passage however long the answer is.
type Card struct {
	ID       flomastr.ItemID // zero: a new one, or the one with this question
	Question string          // 1 to 300 characters
	Answer   string          // Markdown, at most as long as a message
	By       flomastr.Actor
	Answers  flomastr.QuestionID // the unanswered question that it is for: its group goes
}

// cardTime is how long whoever publishes a card waits for it to be read.
const cardTime = 5 * time.Second

// ErrAnswerLength is what a card gets whose answer no message could hold.
var ErrAnswerLength = flomastr.Errorf(flomastr.Invalid, "answer_invalid", "An answer has 1 to 4,096 characters.").Field("body.answer", "must have 1 to 4,096 characters")

// PublishCard keeps a card and reads it at once, so that whoever wrote it finds it. What does not succeed in time is done
// by the job that was made with it. ErrTitleTaken when something that is no card has the question for its title;
// ErrQuestionNotFound when nobody waits for the answer any more.
func (e *Engine) PublishCard(ctx context.Context, tenant flomastr.TenantID, card Card) (Item, error) {
	answer := strings.TrimSpace(card.Answer)
	if n := utf8.RuneCountInString(answer); n == 0 || n > flomastr.MaxReplyChars {
		return Item{}, ErrAnswerLength
	}
	var answered []flomastr.QuestionID
	if !card.Answers.IsZero() {
		var err error
		if answered, err = e.questionsLike(ctx, tenant, card.Answers); err != nil {
			return Item{}, err
		}
	}
	draft := Draft{Title: card.Question, Content: []byte(answer), Source: FromHITL, By: card.By}
	item, err := e.keep(ctx, tenant, draft, func(save *SaveItem) {
		if !card.ID.IsZero() {
			save.ID, save.Edit = card.ID, true
		}
	})
	if err != nil {
		return Item{}, err
	}
	if len(answered) > 0 {
		if err := e.Status.DropQuestions(ctx, tenant, card.By, card.Answers, answered); err != nil && !errors.Is(err, ErrQuestionNotFound) {
			return Item{}, fmt.Errorf("drop answered questions: %w", err)
		}
	}
	if item.Status != Processing {
		return item, nil
	}
	reading, cancel := context.WithTimeout(ctx, cardTime)
	defer cancel()
	if err := e.Index(reading, tenant, IndexArgs{Tenant: tenant, Item: item.ID, Version: item.Version}); err != nil {
		e.Log.WarnContext(ctx, "card not read at once", "tenant_id", tenant, "item_id", item.ID, "error", err)
		return item, nil
	}
	return e.Status.Item(ctx, tenant, item.ID)
}
