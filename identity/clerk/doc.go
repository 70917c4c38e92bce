// Package clerk lets people sign in with Clerk. Its tokens are judged like any other issuer's, by package identity/jwt with
// what [Trusted] says; what is Clerk's own is here:
//
//   - Its session token holds no e-mail address unless the operator adds the claims email and email_verified. A [Directory]
//     completes a verified token without them from Clerk's Backend API.
//   - Its webhooks tell of people and sessions that ended before their tokens did. [Webhooks] checks their signatures and
//     hands the news on.
//
// Nothing that Clerk says about organisations, roles or metadata is read: rights come from our own memberships.
package clerk
