// Package twilio is a stand-in of Twilio's WhatsApp API: strict about what it takes, faithful in what it answers and
// sends, and drivable from outside. It is derived from Twilio's documented contract alone, and it knows nothing of the
// product. All of Twilio's hosts are this one.
//
// A send is checked against every documented limit, written into the ledger, shown on the customer's phone and answered
// 201; its status callbacks go to the address that the send itself named, each signed. A customer's message is posted as
// a signed form to the sender's webhook. Neither is tried again when it fails: Twilio does not either.
//
// Nothing is compared with earlier messages: a message posted twice is two messages in the ledger and on the phone.
//
//	POST   /2010-04-01/Accounts/{AC}/Messages.json                     send
//	GET    /2010-04-01/Accounts/{AC}/Messages.json                     list
//	GET    /2010-04-01/Accounts/{AC}/Messages/{MM}/Media/{ME}          redirects to /cdn/{ME}, which takes no credentials
//	POST   /v3/Indicators/Typing.json
//	GET    /v1/ContentAndApprovals
//	POST   /v1/Content, /v1/Content/{HX}/ApprovalRequests/whatsapp     approved at once
//	DELETE /v1/Content/{HX}
//	GET    /ledger
//
// It is driven by:
//
//	GET         /control/health
//	PUT, GET    /control/senders/{number}                 {account_sid, auth_token, webhook_url, key_id?, key_secret?}
//	POST        /control/phones/{number}/messages         {to, params: {Body, MessageType, …}, media_ids: []}: any inbound parameter
//	GET         /control/phones/{number}/messages
//	POST        /control/phones/{number}/read
//	POST        /control/media                            the bytes, their type as Content-Type
//	POST,DELETE /control/faults                           {times, status, code, outcome}: of the next sends
//	GET         /control/traffic
package twilio
