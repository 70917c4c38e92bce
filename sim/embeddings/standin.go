package embeddings

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Model is one that the stand-in knows.
type Model struct {
	Dimensions int
	Shortens   bool // it takes fewer dimensions when it is asked to
}

// Models are those that it knows, by the names that OpenAI and Ollama give them, with the true lengths of their vectors.
var Models = map[string]Model{
	"text-embedding-3-small": {1536, true},
	"text-embedding-3-large": {3072, true},
	"text-embedding-ada-002": {1536, false},
	"nomic-embed-text":       {768, false},
}

// Key is the one that is accepted; another is refused with 401.
const Key = "sk-stand-in"

const (
	maxInputs = 2048
	maxTokens = 8191 // in a text
	maxBody   = 16 << 20
)

// StandIn is the service. It is safe for concurrent use.
type StandIn struct {
	mux *http.ServeMux

	mu             sync.Mutex
	fault          string
	times          int // how often still; negative: always
	answers, texts int
}

// New makes one.
func New() *StandIn {
	s := &StandIn{mux: http.NewServeMux()}
	s.mux.HandleFunc("POST /v1/embeddings", s.openAI)
	s.mux.HandleFunc("POST /openai/deployments/{deployment}/embeddings", s.azure)
	s.mux.HandleFunc("PUT /control/fault", s.setFault)
	s.mux.HandleFunc("GET /control/count", s.count)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "invalid_request_error", "Invalid URL ("+r.Method+" "+r.URL.Path+")")
	})
	return s
}

func (s *StandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Fail has the next questions go wrong: times of them, all when it is negative.
func (s *StandIn) Fail(kind string, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.times = kind, times
}

// Count tells how many questions were answered, and how many texts they held.
func (s *StandIn) Count() (answers, texts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers, s.texts
}

func (s *StandIn) setFault(w http.ResponseWriter, r *http.Request) {
	times := -1
	if n, err := strconv.Atoi(r.URL.Query().Get("times")); err == nil {
		times = n
	}
	s.Fail(r.URL.Query().Get("kind"), times)
	w.WriteHeader(http.StatusNoContent)
}

func (s *StandIn) count(w http.ResponseWriter, _ *http.Request) {
	answers, texts := s.Count()
	write(w, http.StatusOK, map[string]int{"answers": answers, "texts": texts})
}

func (s *StandIn) openAI(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+Key {
		refuse(w, http.StatusUnauthorized, "invalid_request_error", "Incorrect API key provided.")
		return
	}
	s.answer(w, r, "")
}

func (s *StandIn) azure(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("Api-Key") != Key:
		refuse(w, http.StatusUnauthorized, "401", "Access denied due to invalid subscription key or wrong API endpoint.")
	case r.URL.Query().Get("api-version") == "":
		refuse(w, http.StatusNotFound, "404", "Resource not found")
	default:
		s.answer(w, r, r.PathValue("deployment"))
	}
}

// asked is a question; other fields are refused.
type asked struct {
	Model      string          `json:"model"`
	Input      json.RawMessage `json:"input"`
	Encoding   string          `json:"encoding_format"`
	Dimensions *int            `json:"dimensions"`
	User       string          `json:"user"`
}

func (s *StandIn) answer(w http.ResponseWriter, r *http.Request, deployment string) {
	fault := s.nextFault()
	switch fault {
	case "away":
		refuse(w, http.StatusServiceUnavailable, "server_error", "The server is currently overloaded.")
		return
	case "limited":
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusTooManyRequests, "rate_limit_exceeded", "Rate limit reached.")
		return
	case "html":
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>Sign in to the network</title>")
		return
	}
	q, texts, model, wrong := read(r, deployment)
	if wrong != "" {
		status := http.StatusBadRequest
		if strings.HasPrefix(wrong, "The model") {
			status = http.StatusNotFound
		}
		refuse(w, status, "invalid_request_error", wrong)
		return
	}
	dimensions := model.Dimensions
	if q.Dimensions != nil {
		dimensions = *q.Dimensions
	}
	s.reply(w, fault, q.Model, texts, dimensions)
}

func read(r *http.Request, deployment string) (q asked, texts []string, model Model, wrong string) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/json" {
		return q, nil, model, "The content type must be application/json."
	}
	decoder := json.NewDecoder(io.LimitReader(r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&q); err != nil {
		return q, nil, model, "We could not parse the JSON body of your request: " + err.Error()
	}
	if deployment != "" {
		q.Model = deployment
	}
	model, known := Models[q.Model]
	if !known {
		return q, nil, model, "The model `" + q.Model + "` does not exist or you do not have access to it."
	}
	var one string
	if json.Unmarshal(q.Input, &one) == nil {
		texts = []string{one}
	} else if json.Unmarshal(q.Input, &texts) != nil {
		return q, nil, model, "'$.input' is invalid."
	}
	switch {
	case len(texts) == 0 || len(texts) > maxInputs || slices.Contains(texts, ""):
		return q, nil, model, "'$.input' is invalid: 1 to 2048 texts, none of them empty."
	case slices.ContainsFunc(texts, func(t string) bool { return len(t)/4 > maxTokens }):
		return q, nil, model, "This model's maximum context length is 8191 tokens."
	case q.Encoding != "" && q.Encoding != "float":
		return q, nil, model, "This stand-in answers in floats only."
	case q.Dimensions != nil && !model.Shortens:
		return q, nil, model, "This model does not support specifying dimensions."
	case q.Dimensions != nil && (*q.Dimensions < 1 || *q.Dimensions > model.Dimensions):
		return q, nil, model, fmt.Sprintf("Invalid value for 'dimensions' = %d.", *q.Dimensions)
	}
	return q, texts, model, ""
}

type datum struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding []any  `json:"embedding"`
}

func (s *StandIn) reply(w http.ResponseWriter, fault, model string, texts []string, dimensions int) {
	if fault == "dimension" {
		dimensions--
	}
	data := make([]datum, len(texts))
	tokens := 0
	for i, text := range texts {
		data[i] = datum{"embedding", i, vector(text, dimensions)}
		tokens += len(text)/4 + 1
	}
	switch fault {
	case "null":
		data[0].Embedding[0] = nil
	case "few":
		data = data[1:]
	case "swapped":
		slices.Reverse(data)
	case "twice":
		data[len(data)-1].Index = 0
	}
	body, err := json.Marshal(map[string]any{
		"object": "list", "model": model, "data": data, "usage": map[string]int{"prompt_tokens": tokens, "total_tokens": tokens},
	})
	if err != nil {
		refuse(w, http.StatusInternalServerError, "server_error", err.Error())
		return
	}
	if fault == "nan" { // what Python's json writes for one
		body = []byte(strings.Replace(string(body), `"embedding":[`, `"embedding":[NaN,`, 1))
	}
	if fault == "" || fault == "swapped" {
		s.mu.Lock()
		s.answers, s.texts = s.answers+1, s.texts+len(texts)
		s.mu.Unlock()
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

func (s *StandIn) nextFault() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.times == 0 {
		return ""
	}
	s.times--
	return s.fault
}

// vector puts each word of a text at a place of its own, so that texts which share words are alike. Its length is not 1:
// nomic's vectors are not either.
func vector(text string, dimensions int) []any {
	sums := make([]float64, dimensions)
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		h := fnv.New64a()
		_, _ = io.WriteString(h, strings.Trim(word, ".,:;!?#*"))
		sums[h.Sum64()%uint64(dimensions)]++
	}
	sums[0] += 0.01 // never without a direction
	out := make([]any, dimensions)
	for i, x := range sums {
		out[i] = math.Round(x*1e4) / 1e4
	}
	return out
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	write(w, status, map[string]any{"error": map[string]any{"message": message, "type": kind, "param": nil, "code": nil}})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
