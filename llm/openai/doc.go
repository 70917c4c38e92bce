// Package openai embeds texts with any service that speaks OpenAI's protocol for it: OpenAI itself, Azure, Ollama, vLLM,
// text-embeddings-inference. Whatever it answers is checked before anybody sees it: a vector of another length, one too few,
// a number that is none, or a page in place of an answer is an error, and nothing of that answer is used.
package openai
