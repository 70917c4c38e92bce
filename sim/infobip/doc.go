// Package infobip is a stand-in of Infobip's WhatsApp API: strict about what it takes, faithful in what it answers and
// sends, and drivable from outside. It is derived from Infobip's documented contract alone, and it knows nothing of the
// product; what a first live account must still confirm is listed in docs/guides/first-live-account-infobip.md.
//
// # One message, from here
//
// The product posts to /whatsapp/1/message/text with "Authorization: App KEY". The stand-in checks credentials, headers
// and every documented limit, writes the message into the ledger, shows it on the customer's phone and answers 200 with
// PENDING_ENROUTE. A moment later the phone has it, and a delivery report goes to the message's notifyUrl or else to the
// sender's webhook; when the customer reads, a seen report follows. A customer's message goes the other way: it appears on
// the phone, and is posted to the sender's webhook until that answers 2xx.
//
// Nothing is compared with earlier messages: a messageId used twice is two messages in the ledger and two bubbles on the
// phone, so that a double send is seen.
//
// # Infobip's API
//
//	POST   /whatsapp/1/message/{text,image,video,document,audio,sticker,location,contact}
//	POST   /whatsapp/1/message/template                                     bulk
//	POST   /whatsapp/1/message/interactive/{buttons,list,url-button,location-request,flow}
//	POST   /whatsapp/1/senders/{sender}/message/{messageId}/read            204
//	POST   /whatsapp/1/events                                               typing indicator
//	GET    /whatsapp/1/senders/{sender}/media/{mediaId}                     and HEAD
//	DELETE /whatsapp/1/senders/{sender}/media
//	GET    /whatsapp/1/senders/quality                                      all numbers of the account are well
//	GET    /whatsapp/2/senders/{sender}/templates
//	POST   /whatsapp/2/senders/{sender}/templates                           201, PENDING until the sender is registered with it anew
//	DELETE /whatsapp/2/senders/{sender}/templates/{name}                    204, in all languages
//
// Only the App scheme of Authorization is served. Other endpoints of Infobip answer 404.
//
// # The ledger
//
//	GET /ledger?to=971501234567&since=2026-11-23T05:00:00Z
//	200 [{"at":"2026-11-23T05:00:01.123456Z","provider":"infobip","from":"447860099299","to":"971501234567",
//	      "message_id":"m-1","type":"text","text":"Hello","body":{…the message as it came…}}]
//
// Oldest first; to is digits, with or without +; since is inclusive. Both may be left out. It holds messages only, no
// typing and no read calls, and outlives the process. type is the endpoint's word: text, image, …, template,
// interactive_buttons, interactive_list, interactive_url_button.
//
// # Control: phones
//
// A phone is named by its number in digits or by its business-scoped user id. It need not be made first. Bodies are JSON
// with Content-Type: application/json; errors are {"error":"a sentence"}.
//
//	GET /control/phones?with=447860099299                  {"phones":[profile…]}
//	GET /control/phones/971501234567                       profile
//	PUT /control/phones/971501234567                       what the body leaves out stays
//	    {"name":"Aisha","user_id":"AE.1a2b3c","username":"aisha","hide_number":false,"online":true,"auto_read":true,"blocked":false}
//
// online false holds messages back until it is true again; auto_read reads every message a moment after it came; blocked
// makes messages fail with 7003; hide_number (with a user_id) makes the user id the customer's address. A new phone is
// online and reads by hand.
//
//	GET /control/phones/971501234567/messages?with=447860099299&after=0
//	200 {"messages":[{"seq":7,"id":"wamid.…","business":"447860099299","customer":"971501234567","author":"customer",
//	     "type":"text","text":"Are you open?","content":{…},"reply_to":"…","state":"delivered","failure":"…",
//	     "at":"…","delivered_at":"…","read_at":"…"}]}
//
// The thread with one business (all, without with), oldest first, both directions, above a seq. author is customer or
// business; seq is unique and grows; id is the provider's. state is sent, delivered, read or failed: on a customer's
// message sent means that the business's webhook has not taken it yet, delivered that it has, read that the business
// marked it read. content is the message's content object as it travelled: buttons, media and so on.
//
//	POST /control/phones/971501234567/messages             202 the message, as above
//	     {"to":"447860099299","type":"text","text":"Are you open on Friday?","reply_to":"…"}
//	     {"to":"…","type":"image","media_id":"…","caption":"the damage"}      also video, document, audio, voice, sticker; url instead of media_id
//	     {"to":"…","type":"location","latitude":25.2,"longitude":55.3,"name":"Home","address":"…"}
//	     {"to":"…","type":"contact","contacts":[{"name":{"firstName":"A","formattedName":"A B"}}]}
//	     {"to":"…","type":"button","text":"Yes","payload":"y"}                 a template's quick reply
//	     {"to":"…","type":"button_reply","id":"y","title":"Yes","reply_to":"…"}
//	     {"to":"…","type":"list_reply","id":"a","title":"A","description":"…","reply_to":"…"}
//	     {"to":"…","type":"reaction","emoji":"👍","reply_to":"…"}               emoji "" removes it
//	     {"to":"…","type":"order","catalog_id":"…","products":[…]}
//	     {"to":"…","type":"unsupported"}   {"to":"…","type":"infected","malware":"…"}
//	     {"to":"…","type":"raw","raw":{"type":"SOMETHING_NEW"}}                any message object
//
// type may be left out for text. message_id and received_at may be set by tests. 404: the business number is no sender;
// 409: the sender has no webhook yet; 503: too many webhooks wait.
//
//	POST /control/phones/971501234567/read                 {"with":"447860099299"} → {"read":2}
//
// The customer looks at the thread: what was delivered becomes read and is reported as seen.
//
//	GET /control/phones/971501234567/events?with=447860099299     text/event-stream
//	event: ready      data: {}                                    from here on nothing is missed
//	event: message    data: {"kind":"message","business":"…","message":{…}}
//	event: state      data: {"kind":"state","business":"…","message":{…}}
//	event: typing     data: {"kind":"typing","business":"…"}       the business is writing
//	event: profile    data: {"kind":"profile","profile":{…}}
//
// A page opens the stream, reads the thread on ready, then applies messages and states by seq. The server sends a comment
// every 15 seconds and ends the stream of a reader that is too slow; on any end, connect again and read the thread anew.
//
//	POST /control/media       the bytes, with their Content-Type → 201 {"media_id":"…","content_type":"image/jpeg"}
//	POST /control/inbound     {"messages":[{"from":"971501234567","to":"447860099299","text":"one"},…],"reverse":false}
//
// The last sends messages of several customers at once: they share webhook requests as far as results_per_request of the
// sender allows; reverse lets the webhook hear the last one first.
//
// # Control: senders
//
//	PUT /control/senders/447860099299
//	    {"api_key":"…","webhook_url":"http://127.0.0.1:8000/webhook/infobip/…",
//	     "auth_header":{"name":"Authorization","value":"Basic …"},"results_per_request":1,
//	     "templates":[{"name":"welcome","language":"en","placeholders":1,"category":"UTILITY","body":"Hello {{1}}"}]}
//	GET /control/senders            {"senders":[{"number","webhook_url","auth_header_name","results_per_request","templates"}]}
//	GET /control/senders/447860099299
//	DELETE /control/senders/447860099299
//
// A sender is kept over restarts; its secrets are never shown. Senders with one api_key belong to one account, and a key
// may send only from its own numbers. auth_header may have any name. Without templates every template exists; with them
// another name or language is 404, and a wrong number of placeholders fails with 7008.
//
// # Control: faults
//
//	POST   /control/faults     {"on":"send","kind":"refuse","status":429,"retry_after":"2","times":3}   → 201 with its id
//	GET    /control/faults     {"faults":[…still to happen…]}
//	DELETE /control/faults     all      DELETE /control/faults/1
//
// times is 1 when left out and -1 for ever; from, to and skip narrow it to a business number, a customer, and calls after
// the first so many. On send, the message is not accepted by
//
//	reset_before_read   connection reset before the body is read (no from or to)
//	reset_after_read    connection reset after the body was read
//	refuse              status, retry_after, body, content_type; a documented error body when there is none
//	reject              200 whose status is group 5; status picks the id (100)
//
// is accepted, in the ledger and reported on, by
//
//	delay                     delay_ms before anything
//	accept_then_status        status, as refuse
//	accept_then_hang          no answer for delay_ms (an hour), then reset
//	accept_then_reset         connection reset
//	accept_then_empty         200 without a body
//	accept_then_html          200 with a page
//	accept_then_other_json    200 with some other JSON
//	accept_then_no_id         200 without messageId
//	accept_then_other_id      200 with the id of another message
//	accept_then_drip          a byte each delay_ms (1000)
//	accept_then_endless       a body of a gigabyte
//
// On report: duplicate (copies), never, early (before the send is answered), seen_first, unknown_id (a report for a
// message that never was comes along), delay (delay_ms), fail (error_id 7050, status 9). On webhook, for customers'
// messages: duplicate (copies, at once), delay (delay_ms; later ones overtake it).
//
// # Control: the rest
//
//	GET   /control/settings
//	PATCH /control/settings        {"reports":"all|delivered|none","delivery_delay_ms":300,"read_delay_ms":1200,
//	                                "retry_unit_ms":1000,"limits":true,"echo_callback_data":false,"enforce_window":false}
//	GET   /control/traffic?limit=50&after=120    {"exchanges":[{"id","at","direction":"api_call|webhook","method","url",
//	                                "request_headers","request_body","status","response_headers","response_body","duration_ms","error"}]}
//	POST  /control/webhooks/retry  everything that waits is due now → {"due_now":3}
//	GET   /control/health          {"status":"ok","provider":"infobip","accepted":12,"webhooks_waiting":0}
//
// limits false lifts Infobip's rate limits. reports none with delays of 0 is what benchmarks want; flomastr-sim --bench
// sets it. Credentials are never in the traffic: unknown header values show as [redacted].
//
// # The fence
//
// It answers only to loopback Host names (a proxy in front must set Host to its target), calls only loopback webhooks,
// follows no redirect, and takes control bodies as application/json only, so that no page from elsewhere can drive it.
//
// # Bounds
//
// Messages on phones (20,000 together), waiting webhooks (200,000; beyond that sends get 429 and phones 503, nothing is
// dropped), media (512 MB on disk), traffic (500) and faults are bounded; the ledger's memory does not grow with its file.
package infobip
