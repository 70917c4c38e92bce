package convert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/flomastr/flomastr"
)

// Report is what a check of the conversion against a folder of documents found. `flomastr eval documents` prints it.
type Report struct {
	Documents int          `json:"documents"` // those that were converted and checked
	Passed    int          `json:"passed"`
	Failed    []Finding    `json:"failed"`
	Skipped   []Finding    `json:"skipped"`
	Compared  []Comparison `json:"compared"` // with reference conversions
}

// Finding is one document with what is to be said of it.
type Finding struct {
	Document string   `json:"document"`
	Reasons  []string `json:"reasons"`
}

// Comparison measures a conversion against a reference: how many of its words are there, how many in the same order, how
// many of its table cells are cells. All three are shares of the reference.
type Comparison struct {
	Document string  `json:"document"`
	Words    float64 `json:"words"`
	Order    float64 `json:"order"`
	Cells    float64 `json:"cells"`
}

// minWords and minOrder are the shares below which a conversion fails its reference. Cells are reported only: two good
// conversions may see a different table.
const minWords, minOrder = 0.97, 0.80

// Check converts every document of a folder. Its expectations.json says which strings the Markdown must and must not
// hold; expected/NAME.md is a reference. A document of a kind that we do not read is skipped with the sentence that an
// uploader would see, and so is one that nothing is expected of and that holds no text.
func (c *Converter) Check(ctx context.Context, dir string) (Report, error) {
	report := Report{Failed: []Finding{}, Skipped: []Finding{}, Compared: []Comparison{}}
	var expectations map[string]struct{ Include, Exclude []string }
	raw, err := os.ReadFile(filepath.Join(dir, "expectations.json"))
	if err != nil {
		return report, fmt.Errorf("read the expectations: %w", err)
	}
	if err := json.Unmarshal(raw, &expectations); err != nil {
		return report, fmt.Errorf("read the expectations: %w", err)
	}
	names := map[string]bool{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return report, fmt.Errorf("list the documents: %w", err)
	}
	for _, entry := range entries {
		if entry.Type().IsRegular() && entry.Name() != "expectations.json" {
			names[entry.Name()] = true
		}
	}
	for name := range expectations {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if err := ctx.Err(); err != nil {
			return report, err
		}
		content, err := os.ReadFile(filepath.Join(dir, filepath.Base(name)))
		if err != nil {
			report.Documents++
			report.Failed = append(report.Failed, Finding{name, []string{"is expected and cannot be read"}})
			continue
		}
		expected, required := expectations[name]
		doc, err := c.Run(ctx, Request{Name: name, Content: content})
		if err != nil {
			var ours *flomastr.Error
			// Away tools are no fault of the document, but what they would have read was not checked.
			if errors.As(err, &ours) && (ours.Kind == flomastr.Unsupported || !required && ours.Kind == flomastr.Invalid) {
				report.Skipped = append(report.Skipped, Finding{name, []string{ours.Code + ": " + ours.Message}})
				continue
			}
			report.Documents++
			report.Failed = append(report.Failed, Finding{name, []string{err.Error()}})
			continue
		}
		report.Documents++
		reasons := lacks(doc.Markdown, expected.Include, expected.Exclude)
		reference, err := os.ReadFile(filepath.Join(dir, "expected", strings.TrimSuffix(name, filepath.Ext(name))+".md"))
		switch {
		// The reference of a PDF shares its base name with documents of other kinds.
		case err == nil && strings.EqualFold(filepath.Ext(name), ".pdf"):
			comparison := compareText(name, string(reference), doc.Markdown)
			report.Compared = append(report.Compared, comparison)
			if comparison.Words < minWords || comparison.Order < minOrder {
				reasons = append(reasons, fmt.Sprintf("holds %.2f of the reference's words, %.2f in order", comparison.Words, comparison.Order))
			}
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return report, fmt.Errorf("read a reference: %w", err)
		}
		if len(reasons) > 0 {
			report.Failed = append(report.Failed, Finding{name, reasons})
		} else {
			report.Passed++
		}
	}
	return report, nil
}

func lacks(markdown string, include, exclude []string) []string {
	var reasons []string
	for _, s := range include {
		if !strings.Contains(markdown, s) {
			reasons = append(reasons, fmt.Sprintf("lacks %q", s))
		}
	}
	for _, s := range exclude {
		if strings.Contains(markdown, s) {
			reasons = append(reasons, fmt.Sprintf("holds %q", s))
		}
	}
	return reasons
}

func compareText(name, reference, ours string) Comparison {
	want, got := wordsOf(reference), wordsOf(ours)
	return Comparison{Document: name, Words: share(want, got), Order: inOrder(want, got), Cells: share(cellsOfText(reference), cellsOfText(ours))}
}

// wordsOf gives the letters and digits of a text in runs. Hyphens at line ends are no difference between two conversions.
func wordsOf(text string) []string {
	text = strings.ReplaceAll(text, "-\n", "")
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func cellsOfText(markdown string) []string {
	var cells []string
	for line := range strings.SplitSeq(markdown, "\n") {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "|") {
			continue
		}
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			if cell = strings.TrimSpace(cell); cell != "" && strings.Trim(cell, "-: ") != "" {
				cells = append(cells, cell)
			}
		}
	}
	return cells
}

// share is how much of want is in got, each occurrence counted.
func share(want, got []string) float64 {
	if len(want) == 0 {
		return 1
	}
	have := map[string]int{}
	for _, s := range got {
		have[s]++
	}
	found := 0
	for _, s := range want {
		if have[s] > 0 {
			have[s]--
			found++
		}
	}
	return float64(found) / float64(len(want))
}

// inOrder is the length of the longest common subsequence as a share of want.
func inOrder(want, got []string) float64 {
	if len(want) == 0 {
		return 1
	}
	row := make([]int, len(got)+1)
	for _, w := range want {
		diagonal := 0
		for j, g := range got {
			above := row[j+1]
			if w == g {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return float64(row[len(got)]) / float64(len(want))
}
