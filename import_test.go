package flomastr_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/flomastr/flomastr"

// A layer is a floor of the house. A package may import the floors below it as its row says, and nothing else of ours.
type layer struct {
	name     string
	packages []string // a trailing /... takes the folders below as well
	may      []string // names of layers
	because  string
}

// house is the table of docs/architecture.md as data. The first row that names a package decides.
var house = []layer{
	{
		name: "vocabulary", packages: []string{"."},
		because: "everybody imports the words, so the words import nobody",
	},
	{
		name: "assembly", packages: []string{"cmd/flomastr/...", "cmd/flomastr-bench/...", "cmd/flomastr-chaos/..."},
		may:     []string{"*"},
		because: "this is where everything meets, and nobody imports it",
	},
	{
		name: "stand-ins", packages: []string{"sim/...", "cmd/flomastr-sim/..."}, may: []string{"stand-ins", "plumbing"},
		because: "a stand-in that shares our code shares our misunderstandings",
	},
	{
		name: "kill points", packages: []string{"internal/chaos"},
		because: "marks in the code that do nothing unless it is built to be killed",
	},
	{
		name: "plumbing", packages: []string{"internal/..."}, may: []string{"vocabulary", "plumbing"},
		because: "plumbing has no product meaning",
	},
	{
		name: "web", packages: []string{"web"},
		because: "only files",
	},
	{
		name: "demo", packages: []string{"demo"}, may: []string{"vocabulary"},
		because: "content, as data",
	},
	{
		name: "model contracts", packages: []string{"llm"}, may: []string{"vocabulary"},
		because: "engines ask for a model or an embedder by these contracts",
	},
	{
		name: "provider contract", packages: []string{"whatsapp/provider"}, may: []string{"vocabulary"},
		because: "what every provider of WhatsApp fulfils and the engine asks for",
	},
	{
		name: "parts of an engine", packages: []string{"contextengine/analysis", "contextengine/chunk", "contextengine/ranking", "contextengine/evaluation/questions", "memory/conversations", "whatsapp/markup"},
		may:     []string{"vocabulary", "parts of an engine"},
		because: "pure steps of an engine: text in, text or numbers out",
	},
	{
		name: "adapters", packages: []string{
			"postgres/...", "blob/...", "mail/smtp", "llm/...", "whatsapp/provider/...", "whatsapp/clamd", "whatsapp/spool", "workflow/n8n",
			"identity/jwt", "identity/local", "identity/clerk", "contextengine/source/...", "dataengine/source/...",
		},
		may:     []string{"vocabulary", "model contracts", "plumbing", "capabilities", "conductors", "parts of an engine", "provider contract", "adapters", "kill points"},
		because: "an adapter knows the contract that it fulfils and one technology",
	},
	{
		name: "capabilities", packages: []string{
			"contextengine", "dataengine", "memory", "task", "workflow", "models", "tenant", "identity", "branding",
			"analytics", "audit", "mail", "secret",
		},
		may:     []string{"vocabulary", "model contracts", "parts of an engine"},
		because: "an engine can be read and tested with neither database nor HTTP in sight, and without another engine",
	},
	{
		name: "conductors", packages: []string{"assistant", "whatsapp", "webchat", "pulse", "contextengine/evaluation"},
		may:     []string{"vocabulary", "model contracts", "provider contract", "capabilities", "parts of an engine", "kill points"},
		because: "a conductor uses engines and never another conductor",
	},
	{
		name: "doors", packages: []string{"httpapi", "worker", "mcpserver"},
		may:     []string{"vocabulary", "model contracts", "provider contract", "capabilities", "conductors"},
		because: "a door translates; what keeps and sends stays behind the engines",
	},
}

func TestImportsFollowTheHouse(t *testing.T) {
	t.Parallel()
	for pkg, imports := range ourImports(t) {
		from, ok := floorOf(pkg)
		if !ok {
			t.Errorf("package %s has no floor: add it to the table in import_test.go and to docs/architecture.md", pkg)
			continue
		}
		for _, to := range imports {
			floor, ok := floorOf(to)
			if !ok || to == pkg || slices.Contains(from.may, "*") || slices.Contains(from.may, floor.name) {
				continue
			}
			if pkg == "httpapi" && to == "web" { // the door that serves the app
				continue
			}
			t.Errorf("%s (%s) imports %s (%s): %s", pkg, from.name, to, floor.name, from.because)
		}
	}
}

func TestAnAdapterImportsNoOther(t *testing.T) {
	t.Parallel()
	for pkg, imports := range ourImports(t) {
		from, _ := floorOf(pkg)
		if from.name != "adapters" {
			continue
		}
		for _, to := range imports {
			floor, _ := floorOf(to)
			if floor.name == "adapters" && family(to) != family(pkg) {
				t.Errorf("adapter %s imports adapter %s: what they share belongs to the contract", pkg, to)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	for _, dir := range packageDirs(t) {
		documented := false
		for _, file := range goFiles(t, dir) {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || parsed.Doc != nil
		}
		if !documented {
			t.Errorf("package %s has no sentence that says what it is for", dir)
		}
	}
}

func floorOf(pkg string) (layer, bool) {
	for _, l := range house {
		for _, pattern := range l.packages {
			base, below := strings.CutSuffix(pattern, "/...")
			if pkg == base || below && strings.HasPrefix(pkg, base+"/") {
				return l, true
			}
		}
	}
	return layer{}, false
}

// family is what an adapter and its own parts share: contextengine/source, whatsapp/provider, postgres.
func family(pkg string) string {
	parts := strings.Split(pkg, "/")
	if len(parts) > 1 && (parts[1] == "provider" || parts[1] == "source") {
		return strings.Join(parts[:2], "/")
	}
	return parts[0]
}

func ourImports(t *testing.T) map[string][]string {
	t.Helper()
	imports := map[string][]string{}
	for _, dir := range packageDirs(t) {
		imports[dir] = nil
		for _, file := range goFiles(t, dir) {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range parsed.Imports {
				name, _ := strconv.Unquote(spec.Path.Value)
				if name == module {
					imports[dir] = append(imports[dir], ".")
				} else if ours, ok := strings.CutPrefix(name, module+"/"); ok && !slices.Contains(imports[dir], ours) {
					imports[dir] = append(imports[dir], ours)
				}
			}
		}
	}
	return imports
}

// goFiles are the package's own files; tests may import what they test with.
func goFiles(t *testing.T, dir string) (files []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files
}

func packageDirs(t *testing.T) (dirs []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() {
			return nil
		}
		base := path.Base(filepath.ToSlash(name))
		if name != "." && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "testdata" || base == "tools" || base == "dist") {
			return filepath.SkipDir
		}
		if len(goFiles(t, name)) > 0 {
			dirs = append(dirs, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}
