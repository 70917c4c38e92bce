package convert

import (
	"regexp"
	"strconv"
	"strings"
)

// Where a line is turned round, the blank beside a point or a number lands on its other side.
var (
	strayPoint = regexp.MustCompile(`\s([.،,؛;:!؟?])(\p{Arabic}|\p{Hebrew})`)
	gluedDigit = regexp.MustCompile(`(\d)(\p{Arabic}|\p{Hebrew})`)
)

var wideGap = regexp.MustCompile(`\s{2,}`)

// arrangeLayout writes what -layout printed, for right-to-left documents: paragraphs by empty lines, tables where
// neighbouring lines have the same number of cells.
func arrangeLayout(doc *Document, text string) {
	var b strings.Builder
	for i, pageText := range strings.Split(strings.TrimRight(text, "\f\n"), "\f") {
		var blocks []string
		var lines [][]string
		flush := func() {
			if len(lines) > 0 {
				blocks = append(blocks, layoutBlock(lines))
			}
			lines = nil
		}
		for line := range strings.SplitSeq(pageText, "\n") {
			line = strings.TrimSpace(visible(line))
			line = strayPoint.ReplaceAllString(line, "$1 $2")
			line = gluedDigit.ReplaceAllString(line, "$1 $2")
			if line == "" || isRule(line) {
				flush()
				continue
			}
			if pageNumber.MatchString(line) && len(line) < 12 && len(lines) == 0 {
				continue
			}
			cells := wideGap.Split(line, -1)
			if len(lines) > 0 && (len(cells) > 1) != (len(lines[len(lines)-1]) > 1) {
				flush()
			}
			lines = append(lines, cells)
		}
		flush()
		if b.Len() > 0 && len(blocks) > 0 {
			b.WriteString("\n\n")
		}
		doc.Parts = append(doc.Parts, pageAt(i+1, b.Len()))
		b.WriteString(strings.Join(blocks, "\n\n"))
	}
	doc.Markdown = b.String()
	doc.Metadata["pages"] = strconv.Itoa(len(doc.Parts))
}

func layoutBlock(lines [][]string) string {
	width := len(lines[0])
	same := width > 1 && len(lines) > 1
	for _, cells := range lines {
		same = same && len(cells) == width
	}
	var b strings.Builder
	for i, cells := range lines {
		if !same {
			if i > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(bullet(strings.Join(cells, " ")))
			continue
		}
		writeCells(&b, cells)
		if i == 0 {
			b.WriteString("|" + strings.Repeat(" --- |", width) + "\n")
		}
	}
	return strings.TrimRight(b.String(), "\n")
}
