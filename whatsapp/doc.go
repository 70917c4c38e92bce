// Package whatsapp is the engine of live conversations: it receives, deduplicates, orders, decides, sends and follows.
//
// A message in, in order:
//
//	Receive   webhook.go, receive.go   the provider's request is authenticated, parsed and normalised; what it holds is
//	          batch.go                 stored together with other requests of the same tenant in one commit, then 200
//	Work      work.go, turn.go         a conversation's lane is claimed, fairly over tenants, under a lease with a term;
//	          decide.go                the Answerer makes a Decision of the turn, a person's word goes before it
//	          send.go                  the answer is sent by the protocol below; reports move its state, never back
//
// # Never twice, never silently lost
//
// A message of ours is committed as an intent before the provider is called, under the term of the lane's lease. The
// call carries the message's own id. A call that ends without a clear answer leaves the message unknown, which is shown
// to people and never repeated by us; so does a crash in between. Only a call that provably did not reach the provider,
// or that the provider refused for a passing reason, is made again. A report that names our id settles it.
//
// # Two hands, one queue
//
// A turn is a job. Our own workers claim the jobs of channels whose worker is the assistant; outside workers (n8n)
// claim through the queue API any queued job of their tenant: same table, same rules (queue.go).
//
// # How long, and where
//
// keep.go deletes messages at the end of their tenant's retention; archive.go moves conversations that nobody writes in to
// the tenant's cold database: copy, verify, delete, a batch at a time, each step safe to do again. Reading and answering
// go on as if nothing had moved.
package whatsapp
