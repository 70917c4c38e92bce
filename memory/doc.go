// Package memory remembers a tenant's customers: what was said with each of them, and recalls what bears on what is said now.
//
//	recalled, err := engine.Recall(ctx, tenant, memory.Query{Contact: contact, Text: "what did I order in May?"})
//	// recalled.Messages[0].Text is "I'd like three of the blue lamps"
//
// A person is remembered across the contacts that stand for them (docs/adr/0013), and never across people. Recall reads the
// person's own messages, hot and archived, and ranks them by words, 4-grams, their neighbours and talk, who said them and when:
// no model, no index beside the messages. The weights were measured (fit_test.go).
package memory
