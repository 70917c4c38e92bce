// Package llmtest holds what every language model behind llm.Model has to fulfil, as one suite that all adapters pass against a strict
// stand-in of their service.
package llmtest
