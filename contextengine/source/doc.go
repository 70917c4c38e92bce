// Package source reads what knowledge is made of: an uploaded file, a web page, a pasted text. Each reader gives a
// Document, which is Markdown with a title, and for a PDF the places where its pages begin.
//
//	document, err := source.File(ctx, converter, "prices.pdf", content)
//	document, err := source.Web(ctx, pages, converter, "https://example.com/prices")
//	document, err := source.Paste("Opening hours", "We open at 9.")
//
// A page is fetched through the guarded client alone; what it links to is not fetched.
package source
