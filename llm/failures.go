package llm

import "github.com/flomastr/flomastr"

// What can go wrong with a model, as sentences for whoever set it up. No text, no key and no word of the service's own is part of any.
var (
	ErrModelAway     = flomastr.Errorf(flomastr.Unavailable, "model_unreachable", "The language model cannot be reached, or it is overloaded; try again later.")
	ErrModelSlow     = flomastr.Errorf(flomastr.UpstreamTimeout, "model_timeout", "The language model took too long.")
	ErrModelCut      = flomastr.Errorf(flomastr.UpstreamTimeout, "model_cut", "The language model's answer broke off; nothing of it is used.")
	ErrModelLimited  = flomastr.Errorf(flomastr.Limited, "model_limited", "The language model is asked too often; wait, or raise the limit with its provider.")
	ErrModelQuota    = flomastr.Errorf(flomastr.Limited, "model_quota", "The account with the language model's provider has no credit left; top it up there.")
	ErrModelKey      = flomastr.Errorf(flomastr.Upstream, "model_key", "The language model's provider refuses the key; enter it again.")
	ErrModelUnknown  = flomastr.Errorf(flomastr.Upstream, "model_unknown", "The provider does not know this address or model; check both.")
	ErrModelTooLong  = flomastr.Errorf(flomastr.Upstream, "model_context", "The question and what belongs to it are longer than the model reads; choose a model with a larger context.")
	ErrModelRefused  = flomastr.Errorf(flomastr.Upstream, "model_refused", "The language model refuses the question as it is asked; check the model, and whether it can use tools.")
	ErrModelDeclined = flomastr.Errorf(flomastr.Upstream, "model_declined", "The language model declined to answer.")
	ErrModelEmpty    = flomastr.Errorf(flomastr.Upstream, "model_empty", "The language model answered with nothing.")
	ErrModelEndless  = flomastr.Errorf(flomastr.Upstream, "model_endless", "The language model did not stop writing; nothing of it is used.")
	ErrModelBroken   = flomastr.Errorf(flomastr.Upstream, "model_broken", "The service answered with something other than a language model's answer; check the address and the model.")
)

// ErrModelToolless is what a model is refused with that answers, but does not call a tool that it has to.
var ErrModelToolless = flomastr.Errorf(flomastr.Upstream, "model_toolless", "The model answers, but it does not call tools when it is told to; choose one that can.")
