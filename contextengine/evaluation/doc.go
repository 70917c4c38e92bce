// Package evaluation measures the Business Brain on questions whose right answers are known, through the same door that a
// customer's question takes.
//
// [Measure] scores retrieval on a public set: every document is added and indexed, every question retrieved, in a scratch
// tenant that the caller makes and removes.
//
//	report, err := evaluation.Measure(ctx, engine, tenant, set, evaluation.Options{Compare: true})
//
// An [Examiner] keeps a business's own sets of questions, asks them of its knowledge as it is, in the background, and
// compares two runs. Both score with package questions.
package evaluation
