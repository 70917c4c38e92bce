// Package audit is the record of who changed what: append-only, one line for each state change, with the actor, the
// tenant and the request.
//
// A store writes the line in the transaction that makes the change, so that neither is there without the other. What
// changes nothing, such as a refused privileged act, is recorded by whoever refuses it, through a [Recorder].
//
// The lines of a tenant form a chain, and so do the platform's: each holds its number, the hash of the line before and
// its own, made with a key that is not in the database ([Key]). A [Walk] over a log names the first line that was
// changed, removed, put in or cut off, also when a superuser of the database did it.
package audit
