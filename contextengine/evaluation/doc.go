// Package evaluation measures the Business Brain on a set of questions, through the same door that a customer's question
// takes: every document is added and indexed, every question retrieved, in a scratch tenant that the caller makes and
// removes.
//
//	report, err := evaluation.Run(ctx, engine, tenant, set, evaluation.Options{Compare: true})
package evaluation
