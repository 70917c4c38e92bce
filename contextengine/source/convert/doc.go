// Package convert turns a foreign document into Markdown: the kinds of [flomastr.FileTypes].
//
// What a document is, its content decides; its name is a hint, and a contradiction between the two is refused. Text and
// Markdown are read in this process, because reading them is copying. Everything that needs a parser runs in a worker:
// the binary starts itself again as `flomastr convert` for one document, with limits on memory, time and file size,
// without network, without environment, in a folder of its own that is removed afterwards. HTML is among it although
// our parser for it is memory-safe: nobody can stop a goroutine that a page of half a million nested elements keeps
// busy, but anybody can stop a process.
//
//	converter := convert.New(convert.Config{})
//	document, err := converter.Run(ctx, convert.Request{Name: "prices.pdf", Content: content})
//
// PDF goes through poppler's pdftotext for words and their places, Word and OpenDocument texts through pandoc for HTML,
// pictures of text and scans through tesseract, which gives words with their places too; what comes out is ours to arrange.
// Workbooks, presentations, e-books, mails, data and rich text are read by memory-safe code in the worker itself. What
// lies inside of an archive or a mail is held to the rules of what is uploaded. Pages, sheets and slides are kept as
// places, for citations. Whatever a document points to outside of itself is never fetched. Each failure is a
// [flomastr.Error] with a code of its own and a sentence for the person who uploaded the file.
//
// Pictures of strangers go the same way: [Converter.Picture] decodes a raster, or has rsvg-convert draw an SVG, in such a
// worker, and gives a small PNG of our own making.
package convert
