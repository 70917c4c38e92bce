// Package sim is the room of the stand-ins: strict imitations of the services that FloMastr talks to, living outside the
// product so that neither can lean on the other. Tests, benchmarks, the fault suite and the phone simulator drive them;
// the product cannot tell them from the real thing. They are derived from the providers' documented wire protocols and
// never from our adapters, and they import nothing of ours.
//
// Each stand-in is an http.Handler with a listener of its own, because the product's setting for a stand-in is one exact
// scheme, host and port, which stands where https://{prefix}.api.infobip.com stands in production:
//
//	sim/infobip    Infobip's WhatsApp API, its webhooks and reports, the customers' phones, and /control to drive them
//	sim/rerank     a reranking service, in the two forms that such services speak
//	sim/clerk      Clerk: tokens, key set, people, signed webhooks, and a form for a browser
//	sim/ledger     what a stand-in accepted, for ever, on disk; shared by all of them and served as /ledger
//	sim/phone      the customers: profiles, threads, ticks, live events
//	sim/postman    webhooks out: batches, retries by the provider's formula, nothing dropped
//	sim/mailcatcher  a mail server that takes mails and gives them to nobody
//	sim/traffic    the last exchanges on the wire, credentials redacted
//	sim/loopback   the fence: stand-ins listen on, dial and answer to this machine only
//
// The binary flomastr-sim starts them. How to drive Infobip's is told, call by call, in package sim/infobip.
package sim
