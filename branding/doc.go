// Package branding is what a tenant looks like: its name, its colours, its logo and the icons made of it.
//
// A logo comes from a stranger. What it is, its content decides; an SVG is written anew from an allow-list of elements and
// attributes ([Sanitise]), and every picture is decoded and drawn in a limited process behind [Painter]. What pages and
// mails show are PNGs of our own making, kept as files of the tenant under an asset name that nobody can guess and that
// changes with every upload, so that their addresses may be cached for ever:
//
//	look, err := brands.Upload(ctx, actor, tenantID, branding.File{Name: "logo.svg", Content: content})
//
// A tenant without branding wears the platform's. Colours are #RRGGBB and nothing else; [Foreground] gives the letters
// that can be read on one.
package branding
