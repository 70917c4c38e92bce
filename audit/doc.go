// Package audit is the record of who changed what: append-only, one line for each state change, with the actor, the
// tenant and the request.
//
// A store writes the line in the transaction that makes the change, so that neither is there without the other. What
// changes nothing, such as a refused privileged act, is recorded by whoever refuses it, through a [Recorder].
package audit
