// Package task is the human in the loop: a question put to a person, and what may become of it.
//
// A task is opened by whatever has the reason, in the commit that has it: the assistant hands a conversation over, is not
// sure enough of an answer, or may not answer on a channel without somebody's word; an outside system asks with
// [Engine.Create]. Rules that need no database are functions here: who may do what to a task in which state is the table in
// acts.go, what a person is shown of it is [Task.Components].
//
// A person resolves a task once. What that does to a customer — an approved draft is sent — belongs to the engine that sends,
// package whatsapp, in the commit that resolves; so does ending a task that needs nobody any more because a person wrote by
// hand, the customer wrote again, or does not want to hear from us.
package task
