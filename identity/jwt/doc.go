// Package jwt verifies the tokens of any number of issuers through their published key sets. The built-in issuer is one
// of them: its key set is fetched too, through [InProcess] instead of the network.
//
//	verifier, err := jwt.New(clock, jwt.Issuer{
//		Issuer: "https://clerk.example.com", JWKSURL: "https://clerk.example.com/.well-known/jwks.json",
//		AuthorizedParties: []string{"https://app.example.com"}, Algorithms: []string{"RS256"}, Client: guarded,
//	})
//	caller, err := verifier.Verify(ctx, token)
//
// A token is refused unless everything about it is as configured: its form (three parts, strict base64, no duplicate
// or ambiguous claim), its type, its algorithm, its issuer to the byte, its audience or authorised party, its times
// within ten seconds, and its signature by a key of that issuer's set. Nothing in a token ever chooses where a key
// comes from. A key set that cannot be had, or that is not one, leaves the old keys in place for a day.
package jwt
