// Package models is a stand-in for services of language models. It answers as OpenAI does (POST /v1/chat/completions, a bearer
// token) and as Anthropic does (POST /v1/messages, the headers x-api-key and anthropic-version), both as a stream of events, and
// refuses what they refuse: fields that it does not know, messages in a wrong order, a tool's result without its call, a schema that is
// none, a missing limit at Anthropic, a wrong key.
//
// Answers come from a script where there is one, else they are made from the seed and the last message; a tool that has to be called
// is called with arguments of its schema. PUT /control/fault?kind=K&times=N has the next N questions (all, without N) go wrong: see
// [Faults]. PUT /control/script takes a JSON list of answers. GET /control/count tells how many questions were answered.
package models
