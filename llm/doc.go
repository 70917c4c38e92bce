// Package llm holds the contracts that every language model and every embedder fulfils: what an engine asks for, what it
// gets, and how failures are told apart. Adapters live in the directories below it; llm/offline needs no key, no network
// and no weights.
package llm
