package contextengine

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/contextengine/ranking"
	"github.com/flomastr/flomastr/llm"
)

// Blobs keeps what was given, as it was given, apart from every tenant but its own.
type Blobs interface {
	Put(ctx context.Context, tenant flomastr.TenantID, key string, body []byte) error
	Get(ctx context.Context, tenant flomastr.TenantID, key string) ([]byte, error)
	Delete(ctx context.Context, tenant flomastr.TenantID, key string) error
}

// Deps are what an engine works with. All but Former, Log, Pause, Clock and Weights are needed; Log defaults to the process's own.
// Sites and Web are needed by what concerns web sites alone, Releases and Staged by what concerns releases; Embedders, Services
// and Sealer where tenants may choose embedders.
type Deps struct {
	Status   StatusStore
	Content  ContentStore
	Releases ReleaseStore
	Staged   StagedStore
	Blobs    Blobs
	Reader   Reader
	Embedder llm.Embedder // the installation's own
	// Former are embedders that the installation may have had before: they serve until knowledge is embedded anew.
	Former    []llm.Embedder
	Embedders EmbedderStore
	Services  llm.Services
	Sealer    Sealer
	Reranker  llm.Reranker // nil: none
	Sites     SiteStore
	Web       SiteReader
	Pause     time.Duration   // between two pages of one site; zero: a second
	Weights   ranking.Weights // zero: the fitted ones
	Clock     flomastr.Clock  // nil: the system's
	Log       *slog.Logger
}

// Engine is the Business Brain. It is safe for concurrent use.
type Engine struct {
	Deps
	analysts      sync.Pool
	resting       rests        // embedders that are not asked for a question's vector for a while
	rerankerRests atomic.Int64 // until when the reranker is not asked, in nanoseconds since 1970
}

// New makes an engine.
func New(deps Deps) *Engine {
	if deps.Log == nil {
		deps.Log = slog.Default()
	}
	if deps.Clock == nil {
		deps.Clock = flomastr.SystemClock
	}
	if deps.Pause <= 0 {
		deps.Pause = time.Second
	}
	if deps.Weights == (ranking.Weights{}) {
		deps.Weights = ranking.DefaultWeights()
	}
	detector, ids := analysis.NewDetector(), analysis.NewIdentifying()
	return &Engine{Deps: deps, analysts: sync.Pool{New: func() any {
		return &analyst{stemmer: analysis.NewStemmer(), detector: detector, ids: ids}
	}}}
}

// withAnalyst lends an analyst, which remembers the words that it has stemmed.
func (e *Engine) withAnalyst(fn func(*analyst) error) error {
	a := e.analysts.Get().(*analyst)
	defer e.analysts.Put(a)
	return fn(a)
}
