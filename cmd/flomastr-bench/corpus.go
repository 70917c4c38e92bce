package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	smallBrain = 5_000
	largeBrain = 100_000
	turnBrain  = 1_000
)

// A brain is made up: sections of about 600 characters on products that do not exist, in sentences of business English
// whose words are as unevenly frequent as a language's. The same seed makes the same text.
type corpus struct {
	random   *rand.Rand
	zipf     *rand.Zipf
	words    []string
	products []string
}

func newCorpus(seed uint64) *corpus {
	random := rand.New(rand.NewPCG(seed, 1))
	c := &corpus{random: random, zipf: rand.NewZipf(random, 1.15, 6, 19_999)}
	vocabulary := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		c.words = append(c.words, syllables(vocabulary, 1+vocabulary.IntN(3)))
	}
	return c
}

func syllables(r *rand.Rand, n int) string {
	const first, second, third = "bcdfghklmnprstvw", "aeiou", "lmnrst"
	var b strings.Builder
	for range n + 1 {
		b.WriteByte(first[r.IntN(len(first))])
		b.WriteByte(second[r.IntN(len(second))])
		if r.IntN(2) == 0 {
			b.WriteByte(third[r.IntN(len(third))])
		}
	}
	return b.String()
}

func (c *corpus) word() string { return c.words[c.zipf.Uint64()] }

func (c *corpus) phrase(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = c.word()
	}
	return strings.Join(out, " ")
}

// document writes so many sections, and remembers their products.
func (c *corpus) document(sections int) string {
	var b strings.Builder
	for range sections {
		product := c.words[c.random.IntN(len(c.words))] + " " + c.words[c.random.IntN(len(c.words))]
		c.products = append(c.products, product)
		fmt.Fprintf(&b, "## The %s\n\n", product)
		begin := b.Len()
		fmt.Fprintf(&b, "The warranty of the %s lasts %d months and begins on the day of delivery. ", product, 6+c.random.IntN(60))
		fmt.Fprintf(&b, "It costs %d dirhams with %s. ", 20+c.random.IntN(4000), c.phrase(4))
		for b.Len()-begin < 520 {
			fmt.Fprintf(&b, "You can %s the %s when the %s is %s. ", c.word(), c.phrase(3), c.phrase(2), c.phrase(3))
		}
		b.WriteString("\n\n")
	}
	return b.String()
}

// questions asks for things that the brain holds, half of them with words of the text besides.
func (c *corpus) questions(n int) []string {
	out := make([]string, n)
	for i := range out {
		product := c.products[c.random.IntN(len(c.products))]
		switch i % 3 {
		case 0:
			out[i] = "How long does the warranty of the " + product + " last?"
		case 1:
			out[i] = "What does the " + product + " cost with " + c.phrase(2) + "?"
		default:
			out[i] = "Can I " + c.word() + " the " + c.phrase(2) + " of the " + product + "?"
		}
	}
	return out
}

// brain is the knowledge of one business.
type brain struct {
	slug      string
	questions []string
	bytes     int
	took      time.Duration
}

// brain gives the brain of so many passages, filled once: the first business's own for the turns, else a business made
// for it.
func (l *lab) brain(ctx context.Context, passages int) (*brain, error) {
	if err := l.open(ctx); err != nil {
		return nil, err
	}
	if b := l.brains[passages]; b != nil {
		return b, nil
	}
	slug := l.demo.Tenants[0].Slug
	if passages != turnBrain {
		slug = fmt.Sprintf("bench-%d", passages)
		operator, err := l.signIn(ctx, l.demo.SuperAdmin.Email, l.demo.SuperAdmin.Password)
		if err != nil {
			return nil, err
		}
		err = l.request(ctx, http.MethodPost, "http://"+l.address+"/routes/api/v1/admin/tenants/provision", operator,
			map[string]string{"tenant_slug": slug, "owner_email": l.demo.Tenants[0].Users[0].Email}, nil)
		if err != nil {
			return nil, err
		}
	}
	b, err := l.fill(ctx, slug, passages)
	if err != nil {
		return nil, err
	}
	if l.brains == nil {
		l.brains = map[int]*brain{}
	}
	l.brains[passages] = b
	return b, nil
}

// fill gives a business its knowledge, through the API, and waits until all of it can be searched.
func (l *lab) fill(ctx context.Context, slug string, passages int) (*brain, error) {
	const sections = 250
	text := newCorpus(uint64(passages))
	b := &brain{slug: slug}
	began := time.Now()
	for written := 0; written < passages; written += sections {
		content := text.document(min(sections, passages-written))
		b.bytes += len(content)
		tags := []string{"even"}
		if written/sections%2 == 1 {
			tags = []string{"odd"}
		}
		err := l.asPlatform(ctx, http.MethodPost, "/routes/knowledge/"+slug+"/index", map[string]any{
			"title": fmt.Sprintf("Catalogue %d", written/sections), "content": content, "metadata": map[string]any{"tags": tags},
		}, nil)
		if err != nil {
			return nil, err
		}
	}
	for waiting := 1; waiting > 0; {
		var failed struct {
			TotalCount int `json:"total_count"`
		}
		processing := failed
		if err := errors.Join(
			l.asPlatform(ctx, http.MethodGet, "/routes/knowledge/"+slug+"/index?limit=1&status=failed", nil, &failed),
			l.asPlatform(ctx, http.MethodGet, "/routes/knowledge/"+slug+"/index?limit=1&status=processing", nil, &processing)); err != nil {
			return nil, err
		}
		if failed.TotalCount > 0 {
			return nil, fmt.Errorf("%d documents of the brain failed", failed.TotalCount)
		}
		if waiting = processing.TotalCount; waiting > 0 {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	b.took = time.Since(began)
	b.questions = text.questions(300)
	return b, nil
}

// settle does at once what autovacuum does within a minute of an import: statistics, and the map that lets an index be read
// without its table. What is measured afterwards is a brain at rest.
func (l *lab) settle(ctx context.Context, b *brain) error {
	conn, err := l.cold(ctx, b)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, `VACUUM ANALYZE`)
	return err
}

// cold connects to the database of a business's knowledge as its administrator.
func (l *lab) cold(ctx context.Context, b *brain) (*pgx.Conn, error) {
	cfg := l.admin.Config().Copy()
	err := l.admin.QueryRow(ctx, `SELECT 'flomastr_cold_' || replace(id::text, '-', '') FROM tenants WHERE slug = $1`, b.slug).Scan(&cfg.Database)
	if err != nil {
		return nil, err
	}
	return pgx.ConnectConfig(ctx, cfg)
}

// asPlatform asks the server's API with the platform's token, which may act for every tenant.
func (l *lab) asPlatform(ctx context.Context, method, path string, body, answer any) error {
	return l.request(ctx, method, "http://"+l.address+path, l.demo.PlatformToken, body, answer)
}
