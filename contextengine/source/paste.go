package source

import "github.com/flomastr/flomastr/contextengine/source/convert"

// Paste reads text that somebody typed or pasted, as Markdown. Without a title the text's first heading serves.
func Paste(title, content string) (Document, error) {
	return convert.FromText(title, content)
}
