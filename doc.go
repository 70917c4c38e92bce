// Package flomastr holds the words that every room of the house shares: typed ids, error kinds, the turn and the
// decision that answers it, and the clock. It imports nothing of ours, so any package may import it without a circle.
//
// One turn, from here: the customer's messages since the last reply arrive as a [Turn]; the assistant returns a
// [Decision], a value that says what to do and on what [Evidence]; the WhatsApp engine carries it out. Whatever goes
// wrong on the way is an [Error] with a [Kind] that a door turns into a status, a code that scripts may rely on and a
// sentence that a person can act on.
package flomastr
