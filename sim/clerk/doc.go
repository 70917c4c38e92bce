// Package clerk is a stand-in of Clerk, from its documented wire: a key set, session tokens of version 1 and 2 signed with
// RS256, users and sessions of the Backend API behind a secret key, and webhooks signed by the Svix scheme. It can also
// misbehave: rotate its keys, publish a set that is none, be slow or be away.
//
// For a browser it serves a script in the place of clerk-js, with the documented surface of window.Clerk as far as FloMastr
// uses it. Its form believes whatever address is typed; Clerk's own components and its frontend API are not imitated.
//
//	stand := clerk.New(clerk.Config{Issuer: "https://clerk.example.com", SecretKey: "sk_test_x", WebhookSecret: clerk.NewWebhookSecret()})
//	token := stand.Token(stand.Claims("user_1", "https://app.example.com"))
//	body, header := stand.Event("user.deleted", map[string]any{"id": "user_1", "deleted": true}, time.Now())
package clerk
