// Package assistant makes one decision of one turn: what to say to a customer, on what evidence, how surely.
//
// Without a model it answers by extraction. It reads the customer's messages into questions ("hi / how much is a full
// service? / and where do you collect?" are two), understands a follow-up by what was asked and answered before, asks
// for passages of the tenant's knowledge, cuts them into sentences, rows and list items, weighs each against the
// question (rare words shared, headings above it, whether a price stands where a price was asked for), joins the best
// in reading order and cites them. Every quoted sentence stands literally in the cited passage; what is not there is not
// said. Where another source says the same with another number, both are given and the customer is told (dispute.go). When the evidence is too weak the decision is a refusal that offers a person:
//
//	decision, err := assistant.New(deps).Answer(ctx, turn)
//	// decision.Action is flomastr.ActionAnswer, decision.Text ends in "Source: Price list › Servicing"
//
// With a model (Deps.Models) all of that happens first and stays the answer for whenever the model fails. The model is asked with
// what was found (agent.go, agent_prompt.go, agent_sources.go), may search and recall further (agent_tools.go), and ends with a reply
// (agent_reply.go) that is a wish: it has to be inert (agent_inert.go) and to stand in what it cites (agent_check.go, agent_clause.go,
// agent_literal.go) before it becomes a decision (agent_settle.go).
//
// Wording lies in prompt/, one text file a language; what words mean lies in lexicon/. A knowledge text that speaks to
// machines ("ignore your instructions …") is data like any other: nothing in here obeys text.
package assistant
