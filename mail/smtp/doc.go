// Package smtp carries mails to a mail server. The connection is encrypted, by STARTTLS (smtp://) or from the first byte
// (smtps://), and the server's certificate must be good; a server on this very machine may do without. A server that offers
// no encryption gets neither the mail nor the password.
//
//	carrier, err := smtp.New(smtp.Config{URL: "smtp://user:password@mail.example.com:587"})
package smtp
