package models

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm"
)

type link struct {
	choice  Choice
	model   llm.Model
	breaker circuitbreaker.CircuitBreaker[any]
}

// chain asks the first model, and the second when that fails.
type chain struct {
	engine *Engine
	tenant flomastr.TenantID
	own    bool
	limits Limits
	links  []link

	mu   sync.Mutex
	name string
}

var _ llm.Model = (*chain)(nil)

// Name implements llm.Model.
func (c *chain) Name() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.name
}

// Complete implements llm.Model. When all fail, the first one's failure is told: it is the one that somebody has to see to.
func (c *chain) Complete(ctx context.Context, prompt llm.Prompt) (llm.Completion, error) {
	seconds := c.limits.Seconds
	if seconds <= 0 {
		seconds = defaultSeconds
	}
	limited, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
	defer cancel()
	var first error
	for i, l := range c.links {
		said, err := c.ask(limited, l, prompt, len(c.links)-i)
		if err == nil {
			c.mu.Lock()
			c.name = l.model.Name()
			c.mu.Unlock()
			return said, nil
		}
		if first == nil {
			first = err
		}
		if limited.Err() != nil || errors.Is(err, ErrBudget) || flomastr.KindOf(err) == flomastr.Internal {
			break
		}
	}
	return llm.Completion{}, first
}

// ask asks one model, which may take its share of the time that is left.
func (c *chain) ask(ctx context.Context, l link, prompt llm.Prompt, share int) (llm.Completion, error) {
	if l.breaker.IsOpen() && l.breaker.RemainingDelay() > 0 {
		return llm.Completion{}, errResting
	}
	guess := estimate(prompt)
	reserved := Spent{guess.Prompt + guess.Completion, l.choice.Cost(guess)}
	if err := c.engine.Store.Reserve(ctx, c.tenant, c.own, reserved, c.limits.Month); err != nil {
		return llm.Completion{}, err
	}
	if !l.breaker.TryAcquirePermit() { // another question is trying it out
		return llm.Completion{}, errors.Join(errResting, c.engine.Store.Settle(context.WithoutCancel(ctx), c.tenant, c.own, reserved, Spent{}))
	}
	asking, cancel := ctx, context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok {
		asking, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(share))
	}
	began := c.engine.Clock()
	said, err := l.model.Complete(asking, prompt)
	cancel()
	used := said.Usage
	switch {
	case err != nil && billed(err):
		used = guess // nobody says what it was
	case err == nil && used.Prompt+used.Completion == 0:
		used = llm.Usage{Prompt: guess.Prompt, Completion: tokensOf(said.Text) + 1}
	}
	c.settle(ctx, l, prompt, said, reserved, used, c.engine.Clock().Sub(began), err)
	if err == nil || !counts(err) {
		l.breaker.RecordSuccess()
	} else {
		l.breaker.RecordFailure()
	}
	return said, err
}

// settle puts a question on the bill and on record, also for a caller that has gone.
func (c *chain) settle(ctx context.Context, l link, prompt llm.Prompt, said llm.Completion, reserved Spent, used llm.Usage, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	spent := Spent{used.Prompt + used.Completion, l.choice.Cost(used)}
	if spent != reserved {
		if err := c.engine.Store.Settle(ctx, c.tenant, c.own, reserved, spent); err != nil {
			c.engine.Log.ErrorContext(ctx, "what a language model used could not be settled", "tenant", c.tenant, "error", err)
		}
	}
	call := Call{
		ID: flomastr.NewID[CallID](), Purpose: l.choice.Purpose, Own: c.own, Model: l.model.Name(), PromptVersion: prompt.For.Version, Usage: used,
		Cost: spent.Cost, Took: took, Tools: toolsOf(prompt, said), Outcome: Answered, Conversation: prompt.For.Conversation, Job: prompt.For.Job,
	}
	switch {
	case errors.Is(err, context.Canceled):
		call.Outcome = "cancelled"
	case err != nil:
		call.Outcome = flomastr.CodeOf(err)
	}
	if err := c.engine.Store.Record(ctx, c.tenant, call); err != nil {
		c.engine.Log.ErrorContext(ctx, "a question to a language model could not be recorded", "tenant", c.tenant, "error", err)
	}
}

// toolsOf names the tools that were asked for. A name that was not offered is the model's own word and may be anything.
func toolsOf(prompt llm.Prompt, said llm.Completion) []string {
	names := []string{}
	for _, call := range said.Calls {
		name := "unknown"
		for _, tool := range prompt.Tools {
			if tool.Name == call.Name {
				name = call.Name
			}
		}
		names = append(names, name)
	}
	return names
}

// billed tells the failures after which the provider may have written something.
func billed(err error) bool {
	for _, free := range []error{
		llm.ErrModelAway, llm.ErrModelLimited, llm.ErrModelQuota, llm.ErrModelKey, llm.ErrModelUnknown, llm.ErrModelTooLong, llm.ErrModelRefused,
	} {
		if errors.Is(err, free) {
			return false
		}
	}
	return true
}

// counts tells the failures that say something of the service, not of the question.
func counts(err error) bool {
	for _, fine := range []error{context.Canceled, llm.ErrModelTooLong, llm.ErrModelRefused, llm.ErrModelDeclined, llm.ErrModelEmpty} {
		if errors.Is(err, fine) {
			return false
		}
	}
	return true
}

// mostWritten is reserved for a completion whose prompt names no limit.
const mostWritten = 4096

// estimate guesses high what a question may use.
func estimate(prompt llm.Prompt) (u llm.Usage) {
	for _, m := range prompt.Messages {
		u.Prompt += tokensOf(m.Text) + 8
		for _, call := range m.Calls {
			u.Prompt += tokensOf(call.Name) + tokensOf(string(call.Arguments)) + 8
		}
	}
	for _, tool := range prompt.Tools {
		u.Prompt += tokensOf(tool.Name) + tokensOf(tool.Description) + tokensOf(string(tool.Parameters)) + 8
	}
	if u.Completion = prompt.MaxTokens; u.Completion <= 0 {
		u.Completion = mostWritten
	}
	return u
}

// tokensOf takes three bytes for a token: English has four, and scripts of three bytes a character have about one.
func tokensOf(text string) int { return len(text)/3 + 1 }
