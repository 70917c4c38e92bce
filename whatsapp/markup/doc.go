// Package markup makes text fit for WhatsApp: Markdown, as models and documents write it, becomes the little markup that
// WhatsApp shows (*bold*, _italic_, ~struck~, `code`), and what is too long for one message is cut into several.
//
//	for _, part := range markup.Split(markup.FromMarkdown(answer), 4096) { … }
//
// Both are pure: a text in, text out. Nothing that a reader of the page would see gets lost on the way.
package markup
