// Package pulse finds what a business could tell one of its customers on its own accord: knowledge that touches what
// they have asked about and said that they like.
//
//	content, err := engine.Content(ctx, tenant, pulse.Ask{Reader: "+971501234567", Interests: []string{"running shoes"}})
package pulse
