package flomastr

// Actor says who did something, in one line that fits an audit record: "user:<issuer>|<subject>", "token:<id>",
// "platform", "system", "anonymous". It is for reading and for searching, never for deciding.
type Actor string

// The actors that are not a person or a token.
const (
	ActorAnonymous Actor = "anonymous"
	ActorPlatform  Actor = "platform" // whoever holds the platform's token
	ActorSystem    Actor = "system"   // the server itself, or its operator at the command line
)
