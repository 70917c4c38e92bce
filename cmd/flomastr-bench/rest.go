package main

import (
	"context"
	"github.com/flomastr/flomastr/internal/bench"
)

type brain struct{}

const (
	smallBrain = 5000
	largeBrain = 100000
)

func (l *lab) turn(context.Context) ([]bench.Figure, error)                        { return nil, nil }
func (l *lab) ingestion(context.Context) ([]bench.Figure, error)                   { return nil, nil }
func (l *lab) api(context.Context) ([]bench.Figure, error)                         { return nil, nil }
func (l *lab) retrieval(string, int) func(context.Context) ([]bench.Figure, error) { return nil }
