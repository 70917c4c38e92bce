// Package worker is the second door: what the platform does in the background, on River.
//
// kinds.go is the whole of it on one page: every kind of job, its queue, and the engine call that does it. Jobs are
// enqueued in the transaction that creates their reason, and carry the tenant they belong to. Bulk work has a queue of
// its own with few workers, so that it never starves a conversation; turns and sends are not here at all, they have
// queues made for them (see package whatsapp).
package worker
