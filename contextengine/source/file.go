package source

import (
	"context"

	"github.com/flomastr/flomastr/contextengine/source/convert"
)

// File reads an uploaded file. Its name is a hint at what it is and the title of last resort, never a path.
func File(ctx context.Context, converter Converter, name string, content []byte) (Document, error) {
	return converter.Run(ctx, convert.Request{Name: name, Content: content})
}
