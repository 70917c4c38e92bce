package demo

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestEveryFileIsAPageAndEveryPageAFile(t *testing.T) {
	t.Parallel()
	for _, tenant := range Tenants() {
		listed := map[string]bool{}
		for _, p := range tenant.Pages {
			if listed[p.Filename] {
				t.Errorf("%s lists %s twice", tenant.Slug, p.Filename)
			}
			listed[p.Filename] = true
			if len(bytes.TrimSpace(p.Content)) < 100 {
				t.Errorf("%s/%s is empty", tenant.Slug, p.Filename)
			}
		}
		err := fs.WalkDir(content, path.Join("content", tenant.Slug), func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && !listed[path.Base(name)] {
				t.Errorf("%s is no page", name)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestTheMainBusinessIsRealSized(t *testing.T) {
	t.Parallel()
	main := Tenants()[0]
	formats := map[string]int{}
	for _, p := range main.Pages {
		formats[path.Ext(p.Filename)]++
	}
	if len(main.Pages) < 30 || len(formats) < 5 {
		t.Errorf("%d pages in formats %v", len(main.Pages), formats)
	}
	if len(main.Conversations) < 2 {
		t.Errorf("%d customers with a history", len(main.Conversations))
	}
	for kind, head := range map[string]string{".pdf": "%PDF-", ".docx": "PK\x03\x04"} {
		for _, p := range main.Pages {
			if path.Ext(p.Filename) == kind && !bytes.HasPrefix(p.Content, []byte(head)) {
				t.Errorf("%s is no %s", p.Filename, kind)
			}
		}
	}
}

func TestTenantsAreFitToBeSeeded(t *testing.T) {
	t.Parallel()
	slug, colour, phone := regexp.MustCompile(`^[a-z][a-z0-9-]{1,61}[a-z0-9]$`), regexp.MustCompile(`^#[0-9a-f]{6}$`), regexp.MustCompile(`^\+[1-9]\d{7,14}$`)
	phones, emails := map[string]bool{}, map[string]bool{}
	for _, tenant := range Tenants() {
		if !slug.MatchString(tenant.Slug) || !colour.MatchString(tenant.BrandColour) || tenant.Owner.Role != "owner" {
			t.Errorf("%s: slug, colour or owner is unfit", tenant.Slug)
		}
		if _, err := time.LoadLocation(tenant.TimeZone); err != nil {
			t.Errorf("%s: %v", tenant.Slug, err)
		}
		for _, p := range append(tenant.Members, tenant.Owner) {
			if emails[p.Email] || !strings.HasSuffix(p.Email, ".example") {
				t.Errorf("%s is taken or could be somebody's", p.Email)
			}
			emails[p.Email] = true
		}
		titles := map[string]bool{}
		for _, p := range tenant.Pages {
			if titles[p.Title] {
				t.Errorf("%s: two pages are titled %q", tenant.Slug, p.Title)
			}
			titles[p.Title] = true
		}
		unanswered := 0
		for _, c := range tenant.Conversations {
			if !phone.MatchString(c.Phone) || phones[c.Phone] {
				t.Errorf("%s: phone %s", tenant.Slug, c.Phone)
			}
			phones[c.Phone] = true
			for i, m := range c.Messages {
				if i > 0 && m.Before >= c.Messages[i-1].Before {
					t.Errorf("%s: %q comes before what was said before it", c.ContactName, m.Text)
				}
				if m.Source != "" && !titles[m.Source] {
					t.Errorf("%s: no page is titled %q", c.ContactName, m.Source)
				}
				if m.Refused {
					unanswered++
				}
			}
		}
		if tenant.Slug == "demo" && unanswered != 1 {
			t.Errorf("%d unanswered questions", unanswered)
		}
	}
}

func TestQuestionsNamePagesThatExist(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("questions.json")
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Answerable []struct {
			Question, Source string
			Must             []string
		}
		Unanswerable []string
	}
	if err := json.Unmarshal(data, &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Answerable) < 30 || len(set.Unanswerable) < 10 {
		t.Errorf("%d and %d questions", len(set.Answerable), len(set.Unanswerable))
	}
	titles := map[string]bool{}
	for _, p := range Tenants()[0].Pages {
		titles[p.Title] = true
	}
	for _, q := range set.Answerable {
		for source := range strings.SplitSeq(q.Source, "|") {
			if !titles[source] || len(q.Must) == 0 {
				t.Errorf("%q: no page %q, or nothing to look for", q.Question, source)
			}
		}
	}
}
