package assistant

import (
	"context"

	"github.com/flomastr/flomastr"
)

// Judgement is what would be answered to a question that stands alone, and the confidence under which it is refused.
type Judgement struct {
	flomastr.Decision
	Threshold float64
}

// Judge decides a question as a turn of one message is decided, for people who want to know why.
func (a *Assistant) Judge(ctx context.Context, tenant flomastr.TenantID, query string) (Judgement, error) {
	policy, err := a.policy(ctx, tenant)
	if err != nil {
		return Judgement{}, err
	}
	decision, err := a.Answer(ctx, flomastr.Turn{
		Tenant:   tenant,
		Messages: []flomastr.TurnMessage{{Speaker: flomastr.SpeakerContact, Type: "text", Text: query, At: a.deps.Clock()}},
	})
	return Judgement{decision, policy.Threshold}, err
}
