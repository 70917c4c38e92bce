// Package meta is a stand-in for Meta's WhatsApp Cloud API: as strict about what it takes as the documents are, silent
// about what they leave open. It answers under any version's path:
//
//	POST /{version}/{phone-number-id}/messages     every type of message; marks as read, typing
//	GET  /{version}/{phone-number-id}              the number
//	POST /{version}/{phone-number-id}/media        a file, multipart
//	GET, DELETE /{version}/{media-id}              where a file lies; its end
//	GET  /lookaside/{media-id}                     the file, with the token
//	GET, POST, DELETE /{version}/{account}/message_templates
//
// Webhooks are signed with the app's secret, sent again until they are taken, and begin once the address has answered the
// challenge. Accepted messages are written to the ledger; sent, delivered and read follow. A template that was created is
// approved after a moment, unless its name holds "reject".
//
// It is driven under /control/: numbers, the customers' phones, faults, settings. What is not in the documents (faults,
// settings) begins there and nowhere else.
package meta
