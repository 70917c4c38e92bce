// Package web carries the built web app inside the binary.
//
// The folder dist is made by `npm run build` and ignored by git except for a placeholder, so that the module compiles
// before the app is built: [Dist] is then a file system without an index.html, and whoever serves it says so.
//
// Everything under dist/assets has its content's hash in its name and never changes: it may be cached for ever. Each
// compressible file has a .br and a .gz twin, made at build time, to be served as it is to a client that accepts it.
// index.html, and whatever else lies at the top, must be revalidated.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist is the built app, rooted at its index.html.
func Dist() fs.FS {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: the embedded folder dist is missing: " + err.Error()) // cannot happen: go:embed would not compile
	}
	return root
}

// Built says whether the app was built into this binary.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}
