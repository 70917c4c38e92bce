// Package mail writes the mails that the platform sends to people, in their language and in the look of the business they
// are about, and hands each to a carrier.
//
//	engine := mail.New(mail.Deps{Brands: brands, Carrier: carrier, From: "no-reply@flomastr.example"})
//	err := engine.Send(ctx, mail.Letter{Kind: mail.Invitation, Language: "ar", Tenant: tenant, To: "sara@example.com", Link: link, Until: until})
//
// What a mail says stands in words/{kind}.{language}.txt: the subject, then paragraphs; one that begins with "> " is the
// button. Both forms, plain text and HTML, are made of the same words, so neither can say what the other does not. A value
// is put into the HTML as text only.
//
// A mail is sent by a background job that was enqueued in the commit that created its reason. The job carries ids, never
// the link: package worker asks the engine whose reason it is for the letter when it is sent. Carriers: smtp, or the
// [Keeper] of an installation without a mail server, which keeps mails for its operator to read.
package mail
