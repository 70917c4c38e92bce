package contextengine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/llm"
)

// EmbedderState says how far the vectors of an embedder are.
type EmbedderState string

// The states of an embedder.
const (
	EmbedderServing   EmbedderState = "serving"   // its vectors answer questions
	EmbedderEmbedding EmbedderState = "embedding" // they are being made; those of the embedder before go on serving
	EmbedderWaiting   EmbedderState = "waiting"   // the service is away or asks for time; Problem says which
	EmbedderBudget    EmbedderState = "budget"    // the month's tokens are used up
	EmbedderFailed    EmbedderState = "failed"    // somebody has to change a setting; Problem says which
)

// EmbedderID names an embedder that a tenant has chosen.
type EmbedderID = flomastr.ID[Embedder]

// Embedder is an embedding service that a tenant has chosen. One without an address is the installation's own, while a tenant
// goes back to it.
type Embedder struct {
	ID            EmbedderID
	Name          string // under which its vectors are kept; "" for the installation's own
	Service       llm.Service
	SealedKey     []byte
	MonthlyTokens int // 0: no bound
	UsedTokens    int // this month, by UTC
	Wanted        bool
	Run           int
	State         EmbedderState
	Problem       string
	Done, Total   int
	Failure       string // of the last question that it left without a vector
	FailedAt      time.Time
}

// Own tells whether it is the tenant's, not the installation's.
func (e Embedder) Own() bool { return e.Service.URL != "" }

// EmbedderStore is what the engine asks of the hot database about embedders. Each method is one commit.
type EmbedderStore interface {
	// Embedders lists those that are wanted or may serve.
	Embedders(ctx context.Context, tenant flomastr.TenantID) ([]Embedder, error)
	// WantEmbedder keeps an embedder as the wanted one and begins its next run, with the job in the same commit.
	// ErrEmbedderBusy when another of the same name was kept at the same moment.
	WantEmbedder(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, e Embedder) (Embedder, error)
	// NoteRun writes how far a run is, and SettleRun that it is done: every other embedder is forgotten, and so is the
	// installation's own, which needs no row. ErrRunPassed when a later run has begun or another embedder is wanted.
	NoteRun(ctx context.Context, tenant flomastr.TenantID, e Embedder) error
	SettleRun(ctx context.Context, tenant flomastr.TenantID, e Embedder) error
	// NoteFailure keeps why a question got no vector.
	NoteFailure(ctx context.Context, tenant flomastr.TenantID, id EmbedderID, sentence string) error
	// ReserveTokens is ErrBudget when the month has not so many left; SettleTokens puts what was used in their place.
	ReserveTokens(ctx context.Context, tenant flomastr.TenantID, id EmbedderID, tokens int) error
	SettleTokens(ctx context.Context, tenant flomastr.TenantID, id EmbedderID, reserved, used int) error
}

// Sealer keeps the services' keys; tenant, table and column are bound to what is sealed.
type Sealer interface {
	Seal(tenant, table, column string, plaintext []byte) ([]byte, error)
	Open(tenant, table, column string, sealed []byte) ([]byte, error)
}

// What is wrong with an embedder.
var (
	ErrBudget       = flomastr.Errorf(flomastr.Limited, "embedder_budget", "This month's tokens for the embedding service are used up; raise the limit or wait for the next month.")
	ErrEmbedderBusy = flomastr.Errorf(flomastr.Conflict, "embedder_busy", "Somebody else changed the embedder at the same moment; look at it and try again.")
	ErrRunPassed    = flomastr.Errorf(flomastr.Conflict, "run_passed", "A later change of the embedder is under way.")
	ErrNoEmbedder   = flomastr.Errorf(flomastr.Unavailable, "embedder_gone", "The embedder whose vectors serve is there no more; another is being prepared.")
	// ErrModelPassed is what a store answers when another model serves than the one that was counted on.
	ErrModelPassed = flomastr.Errorf(flomastr.Unavailable, "model_passed", "The knowledge was just embedded anew; try again.")
	errEmbedder    = flomastr.Errorf(flomastr.Invalid, "invalid_embedder", "The embedder's settings are not valid.")
)

// EmbedderDraft is what a tenant's admin says about its embedder.
type EmbedderDraft struct {
	URL           string
	Model         string
	Key           *string // nil keeps the one that is there, as long as the address leads to the same place
	KeyHeader     string  // "" or api-key
	Dimensions    int     // 0: the model's own
	MonthlyTokens int
	By            flomastr.Actor
}

const (
	probeTime    = 20 * time.Second
	maxKeyLength = 1000
)

// SetEmbedder has a tenant's knowledge embedded by a service from now on. The service is asked once before anything is kept.
func (e *Engine) SetEmbedder(ctx context.Context, tenant flomastr.TenantID, d EmbedderDraft) (Embedding, error) {
	known, err := e.Embedders.Embedders(ctx, tenant)
	if err != nil {
		return Embedding{}, fmt.Errorf("read embedders: %w", err)
	}
	next := Embedder{ID: flomastr.NewID[EmbedderID](), MonthlyTokens: d.MonthlyTokens}
	if next.Service, err = e.serviceOf(tenant, d, wantedOf(known)); err != nil {
		return Embedding{}, err
	}
	asking, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	if next.Service, err = e.Services.Probe(asking, next.Service); err != nil {
		return Embedding{}, err
	}
	// The installation may use the same service with a key of its own; their vectors stay apart.
	next.Name = "own:" + next.Service.Name()
	if at := slices.IndexFunc(known, func(k Embedder) bool { return k.Name == next.Name }); at >= 0 {
		next.ID = known[at].ID
	}
	if next.Service.Key != "" {
		if next.SealedKey, err = e.Sealer.Seal(tenant.String(), "embedders", "sealed_key/"+next.ID.String(), []byte(next.Service.Key)); err != nil {
			return Embedding{}, fmt.Errorf("seal the key: %w", err)
		}
	}
	if _, err = e.Embedders.WantEmbedder(ctx, tenant, d.By, next); err != nil {
		return Embedding{}, err
	}
	return e.Embedding(ctx, tenant)
}

// ResetEmbedder goes back to the installation's own embedder.
func (e *Engine) ResetEmbedder(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor) (Embedding, error) {
	known, err := e.Embedders.Embedders(ctx, tenant)
	if err != nil {
		return Embedding{}, fmt.Errorf("read embedders: %w", err)
	}
	if w := wantedOf(known); w != nil && w.Own() {
		if err := e.wantInstallations(ctx, tenant, by, known); err != nil {
			return Embedding{}, err
		}
	}
	return e.Embedding(ctx, tenant)
}

func (e *Engine) wantInstallations(ctx context.Context, tenant flomastr.TenantID, by flomastr.Actor, known []Embedder) error {
	next := Embedder{ID: flomastr.NewID[EmbedderID]()}
	if at := slices.IndexFunc(known, func(k Embedder) bool { return !k.Own() }); at >= 0 {
		next.ID = known[at].ID
	}
	_, err := e.Embedders.WantEmbedder(ctx, tenant, by, next)
	return err
}

func wantedOf(known []Embedder) *Embedder {
	if at := slices.IndexFunc(known, func(k Embedder) bool { return k.Wanted }); at >= 0 {
		return &known[at]
	}
	return nil
}

// serviceOf checks a draft.
func (e *Engine) serviceOf(tenant flomastr.TenantID, d EmbedderDraft, before *Embedder) (llm.Service, error) {
	s := llm.Service{URL: strings.TrimRight(strings.TrimSpace(d.URL), "/"), Model: strings.TrimSpace(d.Model), KeyHeader: d.KeyHeader, Dimensions: d.Dimensions}
	origin, ok := llm.Origin(s.URL)
	switch {
	case !ok:
		return s, errEmbedder.Field("body.base_url", "must be an https address, such as https://api.openai.com/v1")
	case s.Model == "" || strings.ContainsFunc(s.Model, func(r rune) bool { return r < ' ' }):
		return s, errEmbedder.Field("body.model", "must be the model's name")
	case d.MonthlyTokens < 0:
		return s, errEmbedder.Field("body.monthly_tokens", "must not be negative")
	}
	if d.Key != nil {
		s.Key = strings.TrimSpace(*d.Key)
		if len(s.Key) > maxKeyLength || strings.ContainsFunc(s.Key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return s, errEmbedder.Field("body.key", "must be the key as the service shows it")
		}
		return s, nil
	}
	if before == nil || before.SealedKey == nil {
		return s, nil
	}
	// Whoever may change the address must not be able to have the key sent to a place of their own.
	if earlier, _ := llm.Origin(before.Service.URL); earlier != origin {
		return s, errEmbedder.Field("body.key", "must be entered again, because the address leads elsewhere")
	}
	opened, err := e.withKey(tenant, *before)
	s.Key = opened.Service.Key
	return s, err
}

func (e *Engine) withKey(tenant flomastr.TenantID, known Embedder) (Embedder, error) {
	if known.SealedKey == nil {
		return known, nil
	}
	key, err := e.Sealer.Open(tenant.String(), "embedders", "sealed_key/"+known.ID.String(), known.SealedKey)
	if err != nil {
		return known, fmt.Errorf("open the embedder's key: %w", err)
	}
	known.Service.Key = string(key)
	return known, nil
}

// Embedding is what a tenant's admin sees of the embedder.
type Embedding struct {
	Embedder     // the wanted one
	ServingModel string
	ServingOwn   bool // the vectors that serve are those of the tenant's own service
}

// Embedding tells which embedder a tenant's knowledge is embedded by, and how far that is.
func (e *Engine) Embedding(ctx context.Context, tenant flomastr.TenantID) (Embedding, error) {
	out := Embedding{Embedder: Embedder{State: EmbedderServing}, ServingModel: e.Embedder.Name()}
	known, err := e.embedders(ctx, tenant)
	if err != nil {
		return out, err
	}
	serving, err := e.Content.Serving(ctx, tenant)
	if err != nil {
		return out, fmt.Errorf("read which model serves: %w", err)
	}
	if w := wantedOf(known); w != nil {
		out.Embedder = *w
	}
	if serving != "" {
		out.ServingModel = serving
	}
	if at := slices.IndexFunc(known, func(k Embedder) bool { return k.Own() && k.Name == serving }); at >= 0 {
		out.ServingModel, out.ServingOwn = known[at].Service.Model, true
	}
	return out, nil
}

func (e *Engine) embedders(ctx context.Context, tenant flomastr.TenantID) ([]Embedder, error) {
	if e.Embedders == nil {
		return nil, nil
	}
	known, err := e.Embedders.Embedders(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("read embedders: %w", err)
	}
	return known, nil
}

// chosen is an embedder to ask, and the tenant's row of it where it is the tenant's own.
type chosen struct {
	llm.Embedder
	own EmbedderID
}

// serving finds the embedder whose vectors serve; before anything is indexed that is the wanted one. ErrNoEmbedder when it
// is there no more: then the wanted one is given with it.
func (e *Engine) serving(ctx context.Context, tenant flomastr.TenantID, model string) (chosen, error) {
	if model == e.Embedder.Name() {
		return chosen{Embedder: e.Embedder}, nil
	}
	known, err := e.embedders(ctx, tenant)
	if err != nil {
		return chosen{}, err
	}
	wanted := wantedOf(known)
	if model == "" {
		return e.open(tenant, wanted)
	}
	if e.Embedders != nil && (wanted == nil || wanted.State == EmbedderServing && wanted.Name != model) {
		// Nobody is at work on what is wanted: the operator has changed the installation's own.
		if err := e.wantAgain(ctx, tenant, known, wanted); err != nil && !errors.Is(err, ErrEmbedderBusy) {
			return chosen{}, err
		}
	}
	if at := slices.IndexFunc(known, func(k Embedder) bool { return k.Own() && k.Name == model }); at >= 0 {
		return e.open(tenant, &known[at])
	}
	if at := slices.IndexFunc(e.Former, func(f llm.Embedder) bool { return f.Name() == model }); at >= 0 {
		return chosen{Embedder: e.Former[at]}, nil
	}
	instead, err := e.open(tenant, wanted)
	return instead, errors.Join(err, ErrNoEmbedder)
}

func (e *Engine) wantAgain(ctx context.Context, tenant flomastr.TenantID, known []Embedder, wanted *Embedder) error {
	if wanted == nil || !wanted.Own() {
		return e.wantInstallations(ctx, tenant, flomastr.ActorSystem, known)
	}
	_, err := e.Embedders.WantEmbedder(ctx, tenant, flomastr.ActorSystem, *wanted)
	return err
}

// open gives the embedder of a row; of none, the installation's own.
func (e *Engine) open(tenant flomastr.TenantID, known *Embedder) (chosen, error) {
	if known == nil || !known.Own() {
		return chosen{Embedder: e.Embedder}, nil
	}
	opened, err := e.withKey(tenant, *known)
	if err != nil {
		return chosen{}, err
	}
	return chosen{e.Services.Open(opened.Service, opened.Name, purse{e.Embedders, tenant, opened.ID}), opened.ID}, nil
}

// purse is the budget of one embedder.
type purse struct {
	store  EmbedderStore
	tenant flomastr.TenantID
	id     EmbedderID
}

// Reserve implements llm.Budget.
func (p purse) Reserve(ctx context.Context, tokens int) error {
	return p.store.ReserveTokens(ctx, p.tenant, p.id, tokens)
}

// Settle implements llm.Budget.
func (p purse) Settle(ctx context.Context, reserved, used int) error {
	return p.store.SettleTokens(ctx, p.tenant, p.id, reserved, used)
}
