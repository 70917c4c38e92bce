package flomastr

import (
	"slices"
	"strings"
)

// FileType is a kind of file that knowledge is read from: the word that policies have for it, and how names of such
// files end.
type FileType struct {
	Name    string   `json:"name" example:"xlsx"`
	Endings []string `json:"endings" doc:"In lower case with their dot, the usual one first"`
}

// fileTypes is the one list of what we read: the converter, the policies and the file chooser take it from here.
var fileTypes = []FileType{
	{"md", []string{".md", ".markdown", ".mdown", ".mkd"}},
	{"txt", []string{".txt", ".text", ".log"}},
	{"html", []string{".html", ".htm", ".xhtml"}},
	{"pdf", []string{".pdf"}},
	{"docx", []string{".docx"}},
	{"odt", []string{".odt"}},
	{"rtf", []string{".rtf"}},
	{"epub", []string{".epub"}},
	{"pptx", []string{".pptx"}},
	{"xlsx", []string{".xlsx"}},
	{"xls", []string{".xls"}},
	{"ods", []string{".ods"}},
	{"csv", []string{".csv", ".tsv"}},
	{"json", []string{".json", ".ndjson", ".jsonl"}},
	{"xml", []string{".xml", ".rss", ".atom"}},
	{"eml", []string{".eml"}},
	{"msg", []string{".msg"}},
	{"image", []string{".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}},
	{"zip", []string{".zip"}},
}

// FileTypes lists what we read.
func FileTypes() []FileType { return slices.Clone(fileTypes) }

// FileTypeNames lists the words that a policy may hold.
func FileTypeNames() []string {
	names := make([]string, len(fileTypes))
	for i, t := range fileTypes {
		names[i] = t.Name
	}
	return names
}

// FileTypeOf gives the policies' word for a type that is known by it, or by an ending with or without the dot; "" for what
// we do not read.
func FileTypeOf(word string) string {
	word = strings.TrimPrefix(strings.ToLower(word), ".")
	for _, t := range fileTypes {
		if t.Name == word || slices.Contains(t.Endings, "."+word) {
			return t.Name
		}
	}
	return ""
}
