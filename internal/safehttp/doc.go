// Package safehttp is the one HTTP client of the house that may be given an address by a stranger: a page to read, a
// document to fetch, a webhook to call. It refuses whatever leads inside.
//
// The check that counts is on the address really dialled, made by the dialer after every DNS answer and every redirect,
// so that rebinding, mapped names and happy-eyeballs fall-backs meet the same table. Checks on the URL come first only
// because they give a better sentence. Proxies from the environment are ignored: with one, the dial check would see
// the proxy's address and nothing else.
//
// A client is made once per feature and shared:
//
//	pages := safehttp.New(safehttp.Config{Redirects: 5, Timeout: 30 * time.Second, MaxBytes: 20 << 20})
//	page, err := pages.Get(ctx, "https://example.com/prices", nil)
//
// What is blocked and what cannot be reached give the same error, so that nobody can map a network with it.
package safehttp
