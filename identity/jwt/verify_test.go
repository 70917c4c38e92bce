package jwt_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/identity"
	"github.com/flomastr/flomastr/identity/jwt"
)

const (
	issuerURL = "https://clerk.example.com"
	party     = "https://app.example.com"
)

// issuer is a party with keys and a published set, whose answer a test may replace.
type issuer struct {
	mu      sync.Mutex
	keys    map[string]crypto.Signer
	answer  func(w http.ResponseWriter)
	fetches atomic.Int32
}

var (
	rsaKey      = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
	otherRSAKey = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
)

func newRSA(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.fetches.Add(1)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.answer != nil {
		i.answer(w)
		return
	}
	var set []map[string]string
	for kid, key := range i.keys {
		set = append(set, jwkOf(kid, key.Public()))
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": set})
}

func (i *issuer) set(change func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change()
}

func jwkOf(kid string, public crypto.PublicKey) map[string]string {
	b64 := base64.RawURLEncoding.EncodeToString
	switch key := public.(type) {
	case *rsa.PublicKey:
		return map[string]string{"kty": "RSA", "kid": kid, "use": "sig", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}
	case *ecdsa.PublicKey:
		raw, _ := key.Bytes()
		return map[string]string{"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": b64(raw[1:33]), "y": b64(raw[33:])}
	case ed25519.PublicKey:
		return map[string]string{"kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "x": b64(key)}
	}
	panic("unknown key")
}

type world struct {
	*issuer
	verifier *jwt.Verifier
	now      *atomic.Int64
}

func (w world) clock() time.Time { return time.Unix(w.now.Load(), 0) }

func (w world) pass(d time.Duration) { w.now.Add(int64(d / time.Second)) }

func setup(t *testing.T, change ...func(*jwt.Issuer)) world {
	t.Helper()
	w := world{issuer: &issuer{keys: map[string]crypto.Signer{"k1": rsaKey()}}, now: &atomic.Int64{}}
	w.now.Store(1_900_000_000)
	cfg := jwt.Issuer{
		Issuer: issuerURL, JWKSURL: issuerURL + "/.well-known/jwks.json", AuthorizedParties: []string{party},
		Algorithms: []string{"RS256"}, RequiredClaims: []string{"sid"}, Client: jwt.InProcess(w.issuer),
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	w.verifier, err = jwt.New(w.clock, cfg)
	require.NoError(t, err)
	return w
}

func (w world) claims() gojwt.MapClaims {
	now := w.now.Load()
	return gojwt.MapClaims{
		"iss": issuerURL, "sub": "user_1", "azp": party, "sid": "sess_1", "iat": now, "nbf": now - 1, "exp": now + 60,
		"email": "sara@example.com", "email_verified": true,
	}
}

// sign makes a token of the claims after a change; a nil value removes a claim or a header.
func sign(t *testing.T, method gojwt.SigningMethod, key any, claims gojwt.MapClaims, header map[string]any, change map[string]any) string {
	t.Helper()
	for name, value := range change {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	token := gojwt.NewWithClaims(method, claims)
	token.Header["kid"] = "k1"
	for name, value := range header {
		token.Header[name] = value
		if value == nil {
			delete(token.Header, name)
		}
	}
	signed, err := token.SignedString(key)
	require.NoError(t, err)
	return signed
}

func (w world) token(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	return sign(t, gojwt.SigningMethodRS256, rsaKey(), w.claims(), header, claims)
}

// raw signs a header and a body as they stand.
func raw(header, body string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64([]byte(header)) + "." + b64([]byte(body))
	digest := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(rand.Reader, rsaKey(), crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return input + "." + b64(signature)
}

// loose changes the last character of a part in the bits that stand for nothing: a lenient decoder reads the same bytes.
func loose(part string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(part) - 1
	return part[:last] + digits[strings.IndexByte(digits, part[last])+1:][:1]
}

func hs256(header, body string, key []byte) string {
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64([]byte(header)) + "." + b64([]byte(body))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(input))
	return input + "." + b64(mac.Sum(nil))
}

func TestAGoodTokenSaysWhoItIs(t *testing.T) {
	t.Parallel()
	w := setup(t)
	caller, err := w.verifier.Verify(t.Context(), w.token(t, nil, map[string]any{"role": "admin", "public_metadata": map[string]any{"role": "owner"}}))
	require.NoError(t, err)
	require.Equal(t, identity.Caller{
		Kind: identity.User, Issuer: issuerURL, Subject: "user_1", Email: "sara@example.com", EmailVerified: true, Session: "sess_1",
		Expires: time.Unix(w.now.Load()+60, 0),
	}, caller, "and nothing that its claims say about roles")
}

func TestEveryForgedTokenIsRefused(t *testing.T) {
	t.Parallel()
	w := setup(t)
	good := w.token(t, nil, nil)
	_, err := w.verifier.Verify(t.Context(), good)
	require.NoError(t, err)
	w.pass(2 * time.Minute) // from now on an unknown key would be looked for
	good = w.token(t, nil, nil)
	before := w.fetches.Load()

	now := w.now.Load()
	body := fmt.Sprintf(`{"iss":%q,"sub":"user_1","azp":%q,"sid":"s","iat":%d,"exp":%d}`, issuerURL, party, now, now+60)
	const head = `{"alg":"RS256","kid":"k1","typ":"JWT"}`
	_, err = w.verifier.Verify(t.Context(), raw(head, body))
	require.NoError(t, err, "the forger's tools make a good token when nothing is forged")
	der, err := x509.MarshalPKIXPublicKey(&rsaKey().PublicKey)
	require.NoError(t, err)
	jwk, err := json.Marshal(jwkOf("k1", &rsaKey().PublicKey))
	require.NoError(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	parts := strings.Split(good, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	unsigned := func(alg string) string {
		return b64([]byte(`{"alg":"`+alg+`","kid":"k1"}`)) + "." + b64([]byte(body)) + "."
	}
	with := func(change map[string]any) string { return w.token(t, nil, change) }
	headed := func(change map[string]any) string { return w.token(t, change, nil) }
	long := strings.Repeat("a", 1<<20)
	many := make([]string, 100_000)

	for name, token := range map[string]string{
		"JWT-01 none":                   unsigned("none"),
		"JWT-01 None":                   unsigned("None"),
		"JWT-01 nOnE":                   unsigned("nOnE"),
		"JWT-01 empty alg":              unsigned(""),
		"JWT-01 none with a signature":  unsigned("none") + parts[2],
		"JWT-01 missing alg":            raw(`{"kid":"k1"}`, body),
		"JWT-01 alg is a number":        raw(`{"alg":1,"kid":"k1"}`, body),
		"JWT-02 HS256 with the PEM":     hs256(`{"alg":"HS256","kid":"k1"}`, body, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"JWT-02 HS256 with the DER":     hs256(`{"alg":"HS256","kid":"k1"}`, body, der),
		"JWT-02 HS256 with the JWK":     hs256(`{"alg":"HS256","kid":"k1"}`, body, jwk),
		"JWT-02 HS256 dressed as RS256": hs256(head, body, der),
		"JWT-03 RS384":                  sign(t, gojwt.SigningMethodRS384, rsaKey(), w.claims(), nil, nil),
		"JWT-03 PS256":                  sign(t, gojwt.SigningMethodPS256, rsaKey(), w.claims(), nil, nil),
		"JWT-03 ES256":                  sign(t, gojwt.SigningMethodES256, ec, w.claims(), nil, nil),
		"JWT-03 EdDSA":                  sign(t, gojwt.SigningMethodEdDSA, ed, w.claims(), nil, nil),
		"JWT-04 no signature":           parts[0] + "." + parts[1] + ".",
		"JWT-04 two parts":              parts[0] + "." + parts[1],
		"JWT-04 four parts":             good + ".x",
		"JWT-04 five parts":             good + ".x.y",
		"JWT-04 one character short":    good[:len(good)-1],
		"JWT-04 another signature":      parts[0] + "." + parts[1] + "." + b64(make([]byte, 256)),
		"JWT-04 padding":                good + "=",
		"JWT-04 padding inside":         parts[0] + "=." + parts[1] + "." + parts[2],
		"JWT-04 newline":                parts[0] + "." + parts[1][:10] + "\n" + parts[1][10:] + "." + parts[2],
		"JWT-04 trailing newline":       good + "\n",
		"JWT-04 JSON":                   `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`,
		"JWT-04 loose bits at the end":  parts[0] + "." + parts[1] + "." + loose(parts[2]),
		"JWT-04 another body":           parts[0] + "." + b64([]byte(body)) + "." + parts[2],
		"JWT-04 empty":                  "",
		"JWT-04 dots":                   "..",
		"JWT-05 another issuer's key":   sign(t, gojwt.SigningMethodRS256, otherRSAKey(), w.claims(), nil, nil),
		"JWT-05 another issuer":         with(map[string]any{"iss": "https://clerk.other.com"}),
		"JWT-06 trailing slash":         with(map[string]any{"iss": issuerURL + "/"}),
		"JWT-06 upper case":             with(map[string]any{"iss": strings.ToUpper(issuerURL)}),
		"JWT-06 look-alike":             with(map[string]any{"iss": "https://clеrk.example.com"}),
		"JWT-06 sub-path":               with(map[string]any{"iss": issuerURL + "/x"}),
		"JWT-06 array":                  with(map[string]any{"iss": []string{issuerURL}}),
		"JWT-06 missing":                with(map[string]any{"iss": nil}),
		"JWT-06 empty":                  with(map[string]any{"iss": ""}),
		"JWT-07 expired":                with(map[string]any{"exp": now - 10}),
		"JWT-07 no exp":                 with(map[string]any{"exp": nil}),
		"JWT-07 exp is text":            with(map[string]any{"exp": fmt.Sprint(now + 60)}),
		"JWT-07 exp is a fraction":      with(map[string]any{"exp": float64(now) + 60.5}),
		"JWT-07 exp is huge":            with(map[string]any{"exp": 1e308}),
		"JWT-07 exp is negative":        with(map[string]any{"exp": -1}),
		"JWT-07 exp is null":            raw(head, strings.Replace(body, fmt.Sprint(now+60), "null", 1)),
		"JWT-07 exp in a year":          with(map[string]any{"exp": now + 365*86400}),
		"JWT-07 nbf in the future":      with(map[string]any{"nbf": now + 11}),
		"JWT-07 iat in the future":      with(map[string]any{"iat": now + 11}),
		"JWT-07 no iat":                 with(map[string]any{"iat": nil}),
		"JWT-07 auth_time to come":      with(map[string]any{"auth_time": now + 3600}),
		"JWT-09 another origin":         with(map[string]any{"azp": "https://evil.tld"}),
		"JWT-09 look-alike":             with(map[string]any{"azp": party + ".evil.tld"}),
		"JWT-09 null":                   with(map[string]any{"azp": "null"}),
		"JWT-09 JSON null":              raw(head, strings.Replace(body, `"`+party+`"`, "null", 1)),
		"JWT-09 missing":                with(map[string]any{"azp": nil}),
		"JWT-09 http":                   with(map[string]any{"azp": "http://app.example.com"}),
		"JWT-09 array":                  with(map[string]any{"azp": []string{party}}),
		"JWT-10 pending":                with(map[string]any{"sts": "pending"}),
		"JWT-11 access token type":      headed(map[string]any{"typ": "at+jwt"}),
		"JWT-11 refresh token type":     headed(map[string]any{"typ": "refresh"}),
		"JWT-11 typ is a number":        headed(map[string]any{"typ": 1}),
		"JWT-11 ID token":               with(map[string]any{"nonce": "n"}),
		"JWT-11 ID token by at_hash":    with(map[string]any{"at_hash": "n"}),
		"JWT-11 no session":             with(map[string]any{"sid": nil}),
		"JWT-12 path":                   headed(map[string]any{"kid": "../../../../dev/null"}),
		"JWT-12 SQL":                    headed(map[string]any{"kid": "' OR 1=1--"}),
		"JWT-12 command":                headed(map[string]any{"kid": "|id"}),
		"JWT-12 URL":                    headed(map[string]any{"kid": "http://127.0.0.1/x"}),
		"JWT-12 megabyte":               headed(map[string]any{"kid": long}),
		"JWT-12 long":                   headed(map[string]any{"kid": long[:200]}),
		"JWT-12 NUL":                    headed(map[string]any{"kid": "k1\x00"}),
		"JWT-12 missing":                headed(map[string]any{"kid": nil}),
		"JWT-12 array":                  headed(map[string]any{"kid": []string{"k1"}}),
		"JWT-13 jku":                    headed(map[string]any{"jku": "http://127.0.0.1/keys"}),
		"JWT-13 x5u":                    headed(map[string]any{"x5u": "http://127.0.0.1/keys"}),
		"JWT-13 jwk":                    sign(t, gojwt.SigningMethodRS256, otherRSAKey(), w.claims(), map[string]any{"jwk": jwkOf("k1", otherRSAKey().Public())}, nil),
		"JWT-13 x5c":                    headed(map[string]any{"x5c": []string{"MII="}}),
		"JWT-13 crit":                   headed(map[string]any{"crit": []string{"exp"}}),
		"JWT-19 megabyte":               with(map[string]any{"pad": long}),
		"JWT-19 dots":                   strings.Repeat(".", 10_000),
		"JWT-19 nested":                 raw(head, strings.Replace(body, `"s"`, `"s","x":`+strings.Repeat("[", 2000)+strings.Repeat("]", 2000), 1)),
		"JWT-19 audiences":              with(map[string]any{"aud": many}),
		"JWT-20 sub twice":              raw(head, strings.Replace(body, `"sub"`, `"sub":"user_2","sub"`, 1)),
		"JWT-20 Sub beside sub":         raw(head, strings.Replace(body, `"sub"`, `"Sub":"user_2","sub"`, 1)),
		"JWT-20 ſub beside sub":         raw(head, strings.Replace(body, `"sub"`, `"ſub":"user_2","sub"`, 1)),
		"JWT-20 alg twice":              raw(`{"alg":"none","alg":"RS256","kid":"k1"}`, body),
		"JWT-20 twice, nested":          raw(head, strings.Replace(body, `"s"`, `"s","x":{"a":1,"a":2}`, 1)),
		"JWT-20 trailing data":          raw(head, body+`{}`),
		"JWT-20 an array":               raw(head, `[]`),
		"JWT-20 not JSON":               raw(head, `{"iss":`),
		"no sub":                        with(map[string]any{"sub": nil}),
		"empty sub":                     with(map[string]any{"sub": ""}),
		"long sub":                      with(map[string]any{"sub": strings.Repeat("s", 256)}),
		"sub is a number":               with(map[string]any{"sub": 1}),
	} {
		caller, err := w.verifier.Verify(t.Context(), token)
		require.ErrorIs(t, err, identity.ErrBadToken, name)
		require.Zero(t, caller, name)
	}
	require.Equal(t, before, w.fetches.Load(), "none of them caused a fetch")
}

func TestOnlyAVerifiedAddressIsCalledVerified(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, c := range []struct {
		claim any
		is    bool
	}{{true, true}, {false, false}, {nil, false}, {"true", false}, {1, false}, {"yes", false}, {[]bool{true}, false}} {
		caller, err := w.verifier.Verify(t.Context(), w.token(t, nil, map[string]any{"email_verified": c.claim}))
		require.NoError(t, err, "%v", c.claim)
		require.Equal(t, c.is, caller.EmailVerified, "%#v", c.claim)
	}
}

func TestTimesAreBelievedWithinTenSeconds(t *testing.T) {
	t.Parallel()
	w := setup(t)
	now := w.now.Load()
	for _, change := range []map[string]any{{"exp": now - 9}, {"nbf": now + 9}, {"iat": now + 9}, {"exp": now + 86_400}} {
		_, err := w.verifier.Verify(t.Context(), w.token(t, nil, change))
		require.NoError(t, err, change)
	}
}

func TestTheAudienceMustBeOursAlone(t *testing.T) {
	t.Parallel()
	w := setup(t, func(i *jwt.Issuer) { i.AuthorizedParties, i.Audience = nil, "flomastr" })
	_, err := w.verifier.Verify(t.Context(), w.token(t, nil, map[string]any{"aud": "flomastr"}))
	require.NoError(t, err)
	for _, aud := range []any{nil, "", "other", "Flomastr", []string{"flomastr", "evil"}, []string{}, 1, map[string]any{"a": 1}} {
		_, err := w.verifier.Verify(t.Context(), w.token(t, nil, map[string]any{"aud": aud}))
		require.ErrorIs(t, err, identity.ErrBadToken, "%v", aud)
	}
}

func TestAConfigurationThatChecksTooLittleDoesNotStart(t *testing.T) {
	t.Parallel()
	good := jwt.Issuer{Issuer: issuerURL, JWKSURL: issuerURL, Audience: "a", Algorithms: []string{"RS256"}, Client: http.DefaultClient}
	_, err := jwt.New(flomastr.SystemClock, good)
	require.NoError(t, err)
	for name, change := range map[string]func(*jwt.Issuer){
		"no name":              func(i *jwt.Issuer) { i.Issuer = "" },
		"no key set":           func(i *jwt.Issuer) { i.JWKSURL = "" },
		"no audience or party": func(i *jwt.Issuer) { i.Audience = "" },
		"an empty party":       func(i *jwt.Issuer) { i.AuthorizedParties = []string{""} },
		"no algorithm":         func(i *jwt.Issuer) { i.Algorithms = nil },
		"none":                 func(i *jwt.Issuer) { i.Algorithms = []string{"RS256", "none"} },
		"HS256":                func(i *jwt.Issuer) { i.Algorithms = []string{"HS256"} },
		"no client":            func(i *jwt.Issuer) { i.Client = nil },
	} {
		bad := good
		change(&bad)
		_, err := jwt.New(flomastr.SystemClock, bad)
		require.Equal(t, flomastr.Invalid, flomastr.KindOf(err), name)
	}
	_, err = jwt.New(flomastr.SystemClock)
	require.Error(t, err, "no issuer at all")
	_, err = jwt.New(flomastr.SystemClock, good, good)
	require.Error(t, err, "one issuer twice")
}

func TestTwoIssuersMayUseOneKeyID(t *testing.T) {
	t.Parallel()
	w := setup(t)
	other := &issuer{keys: map[string]crypto.Signer{"k1": otherRSAKey()}}
	cfg := func(name string, i *issuer) jwt.Issuer {
		return jwt.Issuer{Issuer: name, JWKSURL: name, AuthorizedParties: []string{party}, Algorithms: []string{"RS256"}, Client: jwt.InProcess(i)}
	}
	v, err := jwt.New(w.clock, cfg(issuerURL, w.issuer), cfg("https://two.example.com", other))
	require.NoError(t, err)
	two := map[string]any{"iss": "https://two.example.com"}
	_, err = v.Verify(t.Context(), w.token(t, nil, nil))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), sign(t, gojwt.SigningMethodRS256, otherRSAKey(), w.claims(), nil, two))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), sign(t, gojwt.SigningMethodRS256, otherRSAKey(), w.claims(), nil, nil))
	require.ErrorIs(t, err, identity.ErrBadToken, "the second one's key under the first one's name")
	_, err = v.Verify(t.Context(), w.token(t, nil, two))
	require.ErrorIs(t, err, identity.ErrBadToken)
}

func TestUnknownKeysCauseOneFetchAMinute(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, err := w.verifier.Verify(t.Context(), w.token(t, nil, nil))
	require.NoError(t, err)
	w.pass(2 * time.Minute)
	before := w.fetches.Load()
	flood := make([]string, 100)
	for i := range flood {
		flood[i] = w.token(t, map[string]any{"kid": fmt.Sprintf("random-%d", i)}, nil)
	}
	var wg sync.WaitGroup
	for _, token := range flood {
		wg.Go(func() {
			for range 10 {
				if _, err := w.verifier.Verify(context.Background(), token); flomastr.KindOf(err) != flomastr.Unauthenticated {
					t.Errorf("flood: %v", err)
				}
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, w.fetches.Load()-before, int32(1))
	_, err = w.verifier.Verify(t.Context(), w.token(t, nil, nil))
	require.NoError(t, err, "whoever has a good token does not notice")
}

func TestARotatedKeyIsAcceptedAndARemovedOneRefused(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, err := w.verifier.Verify(t.Context(), w.token(t, nil, nil))
	require.NoError(t, err)
	w.set(func() { w.keys = map[string]crypto.Signer{"k2": otherRSAKey()} })
	w.pass(61 * time.Second)
	rotated := func() string {
		return sign(t, gojwt.SigningMethodRS256, otherRSAKey(), w.claims(), map[string]any{"kid": "k2"}, nil)
	}
	_, err = w.verifier.Verify(t.Context(), rotated())
	require.NoError(t, err, "one fetch found it")
	_, err = w.verifier.Verify(t.Context(), w.token(t, nil, nil))
	require.ErrorIs(t, err, identity.ErrBadToken)
}

func TestAKeyThatItsIssuerRemovedIsForgottenThoughNoNewOneIsShown(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, err := w.verifier.Verify(t.Context(), w.token(t, nil, nil))
	require.NoError(t, err)
	w.set(func() { w.keys = map[string]crypto.Signer{"k2": otherRSAKey()} })
	w.pass(11 * time.Minute)
	require.Eventually(t, func() bool {
		_, err := w.verifier.Verify(context.Background(), w.token(t, nil, nil))
		return errors.Is(err, identity.ErrBadToken)
	}, 10*time.Second, time.Millisecond, "it is looked up again in the background")
}

func TestABadKeySetLeavesTheOldKeysInPlace(t *testing.T) {
	t.Parallel()
	two := func(kid1, kid2 string) string {
		set, _ := json.Marshal(map[string]any{"keys": []any{jwkOf(kid1, rsaKey().Public()), jwkOf(kid2, otherRSAKey().Public())}})
		return string(set)
	}
	small, err := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "kid": "k2", "n": base64.RawURLEncoding.EncodeToString(new(big.Int).Lsh(big.NewInt(3), 510).Bytes()), "e": "AQAB",
	}}})
	require.NoError(t, err)
	text := func(status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, answer := range map[string]func(http.ResponseWriter){
		"500":           text(500, two("k2", "k3")),
		"too large":     text(200, two("k2", "k3")+strings.Repeat(" ", 10<<20)),
		"HTML":          text(200, "<!doctype html>"),
		"no keys":       text(200, `{"keys":[]}`),
		"empty":         text(200, ``),
		"symmetric":     text(200, `{"keys":[{"kty":"oct","kid":"k2","k":"c2VjcmV0c2VjcmV0c2VjcmV0"}]}`),
		"duplicate kid": text(200, two("k2", "k2")),
		"no kid":        text(200, two("k2", "")),
		"small RSA":     text(200, string(small)),
		"private key":   text(200, strings.Replace(two("k2", "k3"), `"use"`, `"d":"AQAB","use"`, 1)),
		"redirect": func(w http.ResponseWriter) {
			w.Header().Set("Location", "http://127.0.0.1:1/keys")
			w.WriteHeader(http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			_, err := w.verifier.Verify(t.Context(), w.token(t, nil, nil))
			require.NoError(t, err)
			w.set(func() { w.answer = answer })
			w.pass(2 * time.Minute)
			_, err = w.verifier.Verify(t.Context(), sign(t, gojwt.SigningMethodRS256, otherRSAKey(), w.claims(), map[string]any{"kid": "k2"}, nil))
			require.ErrorIs(t, err, identity.ErrBadToken)
			require.EqualValues(t, 2, w.fetches.Load())
			_, err = w.verifier.Verify(t.Context(), w.token(t, nil, nil))
			require.NoError(t, err)
		})
	}
}

func TestKeysOutliveTheirIssuerForADayAndNoLonger(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, err := w.verifier.Verify(t.Context(), w.token(t, nil, nil))
	require.NoError(t, err)
	w.set(func() { w.answer = func(w http.ResponseWriter) { w.WriteHeader(503) } })
	w.pass(23 * time.Hour)
	_, err = w.verifier.Verify(t.Context(), w.token(t, nil, nil))
	require.NoError(t, err)
	w.pass(2 * time.Hour)
	_, err = w.verifier.Verify(t.Context(), w.token(t, nil, nil))
	require.ErrorIs(t, err, jwt.ErrKeysUnavailable)
	w.set(func() { w.answer = nil })
	w.pass(2 * time.Minute)
	_, err = w.verifier.Verify(t.Context(), w.token(t, nil, nil))
	require.NoError(t, err, "and comes back by itself")
}

func TestAColdStartWithoutKeysLetsNobodyIn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.set(func() { w.answer = func(w http.ResponseWriter) { w.WriteHeader(503) } })
	for range 3 {
		caller, err := w.verifier.Verify(t.Context(), w.token(t, nil, nil))
		require.ErrorIs(t, err, jwt.ErrKeysUnavailable)
		require.Zero(t, caller)
	}
	require.EqualValues(t, 1, w.fetches.Load())
}

func FuzzNoUnsignedTokenVerifies(f *testing.F) {
	w := world{issuer: &issuer{keys: map[string]crypto.Signer{"k1": rsaKey()}}, now: &atomic.Int64{}}
	w.now.Store(1_900_000_000)
	v, err := jwt.New(w.clock, jwt.Issuer{
		Issuer: issuerURL, JWKSURL: issuerURL, AuthorizedParties: []string{party}, Algorithms: []string{"RS256"}, Client: jwt.InProcess(w.issuer),
	})
	if err != nil {
		f.Fatal(err)
	}
	body := fmt.Sprintf(`{"iss":%q,"sub":"u","azp":%q,"iat":1900000000,"exp":1900000060}`, issuerURL, party)
	f.Add([]byte(`{"alg":"RS256","kid":"k1"}`), []byte(body), []byte("signature"))
	f.Add([]byte(`{"alg":"none"}`), []byte(body), []byte(""))
	f.Add([]byte(`{"alg":"RS256","kid":"k1"}`), []byte(`{"a":{"b":[{"c":1}]}}`), []byte{0})
	f.Fuzz(func(t *testing.T, header, body, signature []byte) {
		b64 := base64.RawURLEncoding.EncodeToString
		for _, token := range []string{b64(header) + "." + b64(body) + "." + b64(signature), string(header) + "." + string(body) + "." + string(signature), string(body)} {
			caller, err := v.Verify(context.Background(), token)
			if err == nil || caller.Subject != "" {
				t.Fatalf("%q was let in", token)
			}
		}
	})
}
