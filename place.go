package flomastr

// Place says where in its document something stands, so that a person can open it there: a page, a sheet of a workbook
// or a slide. The zero Place is nowhere in particular: most texts have no such parts.
type Place struct {
	Kind   PlaceKind `json:"kind" enum:"page,sheet,slide"`
	Number int       `json:"number" doc:"From 1"`
	Name   string    `json:"name,omitempty" doc:"Of a sheet"`
}

// PlaceKind is what a document is divided into.
type PlaceKind string

// The kinds of place.
const (
	PlacePage  PlaceKind = "page"
	PlaceSheet PlaceKind = "sheet"
	PlaceSlide PlaceKind = "slide"
)
