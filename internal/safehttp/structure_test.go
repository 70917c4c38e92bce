package safehttp

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// forbidden are the ways out of the process that would go round the guard.
var forbidden = map[string][]string{
	"net/http":          {"Get", "Head", "Post", "PostForm", "DefaultClient", "DefaultTransport", "Client", "Transport"},
	"net":               {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "DialUnix", "Dialer"},
	"crypto/tls":        {"Dial", "DialWithDialer", "Dialer"},
	"net/http/httputil": {"ReverseProxy", "NewSingleHostReverseProxy"},
	"net/smtp":          {"Dial", "SendMail"},
}

// exceptions are the places that may, each with its reason. A row names a folder or one file; everything below a folder
// is meant. Whoever adds a row says why a stranger cannot choose where that code connects to.
var exceptions = map[string]string{
	"internal/safehttp":               "the guarded client itself",
	"sim":                             "the stand-ins live outside the product and call the server they were started beside",
	"internal/testdb":                 "waits for the pooler that a test has started itself, on loopback",
	"cmd/flomastr-bench":              "measures a server and a stand-in that it has started itself, on loopback",
	"cmd/flomastr-chaos":              "breaks servers and a stand-in that it has started itself, on loopback",
	"cmd/flomastr/doctor.go":          "asks the operator's own server whether it is ready",
	"cmd/flomastr/doctor_database.go": "tells DNS, firewall and TLS apart for the operator's own DATABASE_URL",
	"cmd/flomastr/parts.go":           "the simulator page's proxy leads to the operator's own stand-in, in demo mode only",
	"cmd/flomastr/where.go":           "asks the server that was just started, on loopback",
	"whatsapp/clamd":                  "talks to the operator's own scanner, whose address is a setting of the server",
	"identity/jwt/inprocess.go":       "its requests are answered by a handler of this process and never reach a network",
}

func TestEveryExceptionIsNeeded(t *testing.T) {
	t.Parallel()
	for place := range exceptions {
		used := false
		err := filepath.WalkDir(filepath.Join("..", "..", filepath.FromSlash(place)), func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			source, err := os.ReadFile(file)
			used = used || len(ways(t, file, source)) > 0
			return err
		})
		if err != nil || !used {
			t.Errorf("%s opens no connection any more: take its row out of the exceptions (%v)", place, err)
		}
	}
}

func TestNobodyElseOpensConnections(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal("the module's root is not where this test looks for it")
	}
	files := 0
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, file)
		rel = filepath.ToSlash(rel)
		if entry.IsDir() {
			if name := entry.Name(); rel != "." && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata" || name == "bin") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") || excepted(rel) {
			return nil
		}
		source, err := os.ReadFile(file)
		if os.IsNotExist(err) { // moved while we walked
			return nil
		}
		if err != nil {
			return err
		}
		files++
		for _, use := range ways(t, rel, source) {
			t.Errorf("%s\n\tgoes round the guard against addresses that lead inside. Take a safehttp.Client, "+
				"or add a row with its reason to the exceptions in internal/safehttp/structure_test.go.", use)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("no file was looked at")
	}
}

func TestTheStructureTestSeesTheWaysRound(t *testing.T) {
	t.Parallel()
	source := `package x
import ( "net"; web "net/http"; "crypto/tls" )
var a = web.DefaultClient
var b = &web.Client{}
func c() { web.Get("x"); net.Dial("tcp", "x"); _ = tls.Dialer{}; _ = new(web.Transport); var d net.Dialer; _ = d }
func d(r *web.Request, net interface{ Dial() }) { _ = web.StatusOK }
`
	if got := len(ways(t, "x.go", []byte(source))); got != 7 {
		t.Errorf("%d ways seen, want 7", got)
	}
	if got := ways(t, "y.go", []byte("package y\nimport . \"net/http\"\nvar _ = StatusOK\n")); len(got) != 1 {
		t.Errorf("a dot import hides the ways: %v", got)
	}
}

func excepted(rel string) bool {
	for p := rel; p != "."; p = path.Dir(p) {
		if _, ok := exceptions[p]; ok {
			return true
		}
	}
	return false
}

// ways finds each forbidden name that a file uses, by the name under which it imports the package.
func ways(t *testing.T, name string, source []byte) []string {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil // the compiler will say so
	}
	var found []string
	imported := map[string]string{}
	for _, spec := range file.Imports {
		imp := strings.Trim(spec.Path.Value, `"`)
		if _, watched := forbidden[imp]; !watched {
			continue
		}
		local := path.Base(imp)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		if local == "." {
			found = append(found, set.Position(spec.Pos()).String()+": dot import of "+imp)
		}
		imported[local] = imp
	}
	ast.Inspect(file, func(node ast.Node) bool {
		// A *http.Client in a signature or a field is not a client made; only values are.
		switch n := node.(type) {
		case *ast.FuncType, *ast.StructType, *ast.InterfaceType:
			return false
		case *ast.StarExpr:
			if _, ok := n.X.(*ast.SelectorExpr); ok {
				return false
			}
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			if !ok {
				return true
			}
			for _, bad := range forbidden[imported[pkg.Name]] {
				if n.Sel.Name == bad {
					found = append(found, set.Position(n.Pos()).String()+": "+imported[pkg.Name]+"."+bad)
				}
			}
		}
		return true
	})
	return found
}
