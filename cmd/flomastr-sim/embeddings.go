package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/flomastr/flomastr/sim/embeddings"
	"github.com/flomastr/flomastr/sim/loopback"
)

// serveEmbeddings starts the stand-in for embedding services. The returned function ends it.
func serveEmbeddings(ctx context.Context, o options, stdout io.Writer, log *slog.Logger) (stop func(), err error) {
	listener, err := loopback.Listen(ctx, o.EmbedListen)
	if err != nil {
		return nil, err
	}
	serving, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := serve(serving, listener, embeddings.New()); err != nil {
			log.Error("the stand-in for embeddings has ended", "error", err)
		}
	}()
	fmt.Fprintf(stdout, "Embeddings' stand-in: http://%s/v1  key: %s\n", listener.Addr(), embeddings.Key)
	return func() { cancel(); <-ended }, nil
}
