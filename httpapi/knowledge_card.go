package httpapi

import (
	"context"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine"
)

type cardInput struct {
	Body struct {
		Question string `json:"question" minLength:"1" maxLength:"300" doc:"What customers ask; it is the item's title. A card with the same question gets a new version"`
		Answer   string `json:"answer" minLength:"1" maxLength:"4096" doc:"Markdown or plain text"`
		ItemID   string `json:"item_id,omitempty" format:"uuid" doc:"The card to edit; its question may change"`
		Answers  string `json:"answers,omitempty" format:"uuid" doc:"The unanswered question that this is the answer to; it leaves the list with those like it"`
		TenantID string `json:"tenant_id,omitempty" doc:"Id or slug; needed only where nothing else names the tenant"`
	}
}

func (in *cardInput) namesTenant() string { return in.Body.TenantID }

func (a *API) publishCard(ctx context.Context, call Call, in *cardInput) (*pasteOutput, error) {
	card := contextengine.Card{Question: in.Body.Question, Answer: in.Body.Answer, By: call.Caller.Actor()}
	if in.Body.ItemID != "" {
		id, err := flomastr.ParseID[flomastr.ItemID](in.Body.ItemID)
		if err != nil {
			return nil, contextengine.ErrItemNotFound
		}
		card.ID = id
	}
	if in.Body.Answers != "" {
		id, err := questionOf(in.Body.Answers)
		if err != nil {
			return nil, err
		}
		card.Answers = id
	}
	item, err := a.deps.Knowledge.PublishCard(ctx, call.Tenant.ID, card)
	if err != nil {
		return nil, err
	}
	out := &pasteOutput{}
	out.Body.Status, out.Body.ID, out.Body.TenantSlug = string(item.Status), item.ID, call.Tenant.Slug
	switch item.Status {
	case contextengine.Embedded:
		out.Body.Message = "The card answers questions now."
	case contextengine.Failed:
		out.Body.Message = item.Error
	default:
		out.Body.Message = "The card is being read; it answers questions in a moment."
	}
	return out, nil
}
