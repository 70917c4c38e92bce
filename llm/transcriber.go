package llm

import (
	"context"
	"io"
)

// Recording is speech in a file.
type Recording struct {
	Name    string // with the ending of its type, by which services know it
	Content io.Reader
}

// Transcriber writes down what is said in a recording, in the language in which it is said. It returns an error of package
// flomastr: Limited, UpstreamTimeout and Upstream may pass by themselves, any other will not. It never retries by itself.
type Transcriber interface {
	Transcribe(ctx context.Context, r Recording) (string, error)
}
