// Package openai asks any service that speaks OpenAI's protocol, OpenAI itself, Azure, Ollama, vLLM, text-embeddings-inference, for
// the vectors of texts and for a language model's completions. Whatever it answers is checked before anybody sees it: a vector of
// another length, one too few, a number that is none, an answer that broke off, or a page in place of one is an error, and nothing of
// that answer is used.
package openai
