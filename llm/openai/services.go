package openai

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm"
)

var _ llm.Services = Services{}

// Services reaches any service through one client.
type Services struct {
	HTTP *http.Client
	Wait func(ctx context.Context, d time.Duration) error // see Config
}

// MaxDimensions is how long a vector may be: PostgreSQL keeps longer ones apart from their rows, and cannot index them.
const MaxDimensions = 4000

// ErrTooLong is what a service is refused with whose vectors are longer.
var ErrTooLong = flomastr.Errorf(flomastr.Invalid, "embedder_dimensions", "The model's vectors are too long; ask for 4,000 dimensions at most.").
	Field("body.dimensions", "must be at most 4000 for this model")

// Open implements llm.Services.
func (s Services) Open(service llm.Service, name string, budget llm.Budget) llm.Embedder {
	return New(s.config(service, name, budget))
}

func (s Services) config(service llm.Service, name string, budget llm.Budget) Config {
	return Config{
		URL: service.URL, Key: service.Key, KeyHeader: service.KeyHeader, Model: service.Model, Dimensions: service.Dimensions, Shorten: service.Shorten,
		Name: name, Budget: budget, HTTP: s.HTTP, Wait: s.Wait,
	}
}

// Probe implements llm.Services. It asks for the model's own vectors first: a model that cannot shorten them refuses the
// question for a length, even for its own. Nothing is asked twice, because somebody waits for the answer.
func (s Services) Probe(ctx context.Context, service llm.Service) (llm.Service, error) {
	wanted := service.Dimensions
	service.Dimensions, service.Shorten = 0, false
	own, err := s.measure(ctx, service)
	if err != nil {
		return service, err
	}
	if wanted > 0 && wanted != own {
		service.Dimensions, service.Shorten = wanted, true
		if own, err = s.measure(ctx, service); err != nil {
			return service, err
		}
	}
	if own > MaxDimensions {
		return service, ErrTooLong
	}
	service.Dimensions = own
	return service, nil
}

func (s Services) measure(ctx context.Context, service llm.Service) (int, error) {
	vectors, _, err := New(s.config(service, "", nil)).ask(ctx, []string{"Opening hours"})
	if err != nil {
		return 0, fmt.Errorf("probe the embedding service: %w", err)
	}
	return len(vectors[0]), nil
}
