package memory

import (
	"regexp"
	"regexp/syntax"
)

// rule reads one way of saying something about oneself. The group "v" of its pattern is what is said, "s" says of what, "no"
// that it is not so.
type rule struct {
	kind       Kind
	subject    string // "" with group "s"; ending in ": " it is made whole by the value, so that several hold at a time
	sensitive  bool
	confidence float64
	text       string // around the value: "does not eat %"; "" is the value itself
	pattern    *regexp.Regexp
	telling    []string // one of them stands in every text that the pattern fits
}

// rules are tried in their order.
type rules []rule

const (
	value  = `(?P<v>[^.,;:!?\n()"]{2,60})` // up to the end of the clause
	values = `(?P<v>[^.;:!?\n()"]{2,80})`  // a list
	place  = `(?P<v>[^.;!?\n()"]{4,120})`  // with commas
	given  = `(?P<v>\p{L}[\p{L}'’-]{1,30}` // a name's first word
	iAm    = `\bi(?:['’]?m| am) `          // said of oneself, now
	no     = `(?P<no>not |no longer )?`    // "I'm no longer …"
	how    = `(?:a |an )?(?:strict |strictly |very |severely |also |really )*`
	things = `shoe|shirt|dress|trouser|ring|waist|jacket|hat|glove|bra`
)

// newRules compiles them. They know what people say of themselves in the first person, in the present, in a few languages; what
// they do not know is still recalled from the messages themselves. All run in linear time on any input.
func newRules() rules {
	fact, preference, promise := KindFact, KindPreference, KindPromise
	list := []struct {
		kind       Kind
		subject    string
		sensitive  bool
		confidence float64
		text       string
		pattern    string
	}{
		{preference, "name", false, 0.9, "", `(?i:\bmy name(?:['’]s| is)|\bme llamo|\bmi nombre es|\bich hei(?:ß|ss)e|\bmein name ist|\bje m['’]appelle|\bmeu nome é|\bme chamo|\bmi chiamo|\bmy friends call me)\s+` + given + `(?:\s\p{Lu}[\p{L}'’-]+){0,2})`},
		{preference, "name", false, 0.85, "", `(?i:\bcall me|\bllámame|\bnennen? (?:sie )?mich|\bappelez-moi|\bchiamami|\bme chame de)\s+(?P<v>\p{Lu}\p{Ll}[\p{L}'’-]{0,30})`},
		{preference, "diet", false, 0.9, "", `(?i)` + iAm + no + how + `(?P<v>vegetarian|vegan|pescatarian|flexitarian)\b`},
		{preference, "diet", false, 0.9, "", `(?i)\b(?P<no>ya no )?soy (?P<v>vegetarian[oa]|vegan[oa])\b`},
		{preference, "diet", false, 0.9, "", `(?i)\bich bin (?P<no>kein |keine |nicht mehr )?(?P<v>vegetarier(?:in)?|veganer(?:in)?|vegan)\b`},
		{preference, "diet", false, 0.9, "", `(?i)\bje suis (?P<v>végétarien(?:ne)?|végétalien(?:ne)?|vegan)`},
		{preference, "diet", false, 0.9, "", `(?i)\b(?:sou|sono) (?P<v>vegetarian[oa]|vegan[oa])\b`},
		{preference, "diet", true, 0.9, "", `(?i)\bi (?:only eat|eat only|keep) (?P<v>halal|kosher)\b`},
		{preference, "eats: ", false, 0.8, "does not eat %", `(?i)\bi (?:do not|don['’]?t|never) eat ` + values},
		{fact, "allergy: ", true, 0.95, "allergic to %", `(?i)` + iAm + no + how + `allergic to ` + values},
		{fact, "allergy: ", true, 0.95, "allergic to %", `(?i)\bi have (?P<no>no )?(?:a |an )?(?:severe |bad |strong )?(?:allergy|allergies) to ` + values},
		{fact, "allergy: ", true, 0.95, "alérgico a %", `(?i)\b(?P<no>ya no )?soy alérgic[oa] (?:al?|a la|a los|a las) ` + values},
		{fact, "allergy: ", true, 0.95, "allergisch gegen %", `(?i)\bich bin (?:sehr |stark )?(?P<no>nicht (?:mehr )?)?(?:allergisch (?:gegen|auf)) ` + values},
		{fact, "allergy: ", true, 0.95, "allergique à %", `(?i)\bje suis (?:très )?allergique (?:à la|à|aux|au) ` + values},
		{fact, "allergy: ", true, 0.95, "alérgico a %", `(?i)\b(?:sou alérgic[oa] (?:a|ao|à)|sono allergic[oa] (?:a|al|ai|alle|alla)) ` + values},
		{fact, "health: ", true, 0.9, "", `(?i)` + iAm + no + how + `(?P<v>diabetic|pregnant|coeliac|celiac|lactose[- ]intolerant|gluten[- ]intolerant|asthmatic|epileptic|deaf|blind)\b`},
		{fact, "health: ", true, 0.9, "", `(?i)\bi (?:have|suffer from) (?:got )?(?P<v>(?:type [12] )?diabetes|asthma|epilepsy|high blood pressure|a heart condition|migraines?|arthritis|cancer)\b`},
		{preference, "taste: ", false, 0.75, "likes %", `(?i)\bi (?:really |just |absolutely |usually )?(?:love|like|enjoy|adore) ` + value},
		{preference, "taste: ", false, 0.75, "does not like %", `(?i)\bi (?:really |just |absolutely )?(?:hate|dislike|can['’]?t stand|cannot stand|do(?:n['’]?t| not) like) ` + value},
		{preference, "taste: ", false, 0.75, "me gusta %", `(?i)(?:^|[^o] )\bme (?:gustan?|encantan?) ` + value},
		{preference, "taste: ", false, 0.75, "no me gusta %", `(?i)\bno me gustan? ` + value},
		{preference, "taste: ", false, 0.75, "mag %", `(?i)\bich (?:mag|liebe) (?:gerne? )?` + value},
		{preference, "taste: ", false, 0.75, "aime %", `(?i)\bj['’](?:aime|adore) (?:bien |beaucoup )?` + value},
		{preference, "prefers: ", false, 0.85, "prefers %", `(?i)\bi(?:['’]d| would)? (?:always |usually |generally )?prefer ` + value},
		{preference, "prefers: ", false, 0.85, "prefiere %", `(?i)\bprefiero ` + value},
		{preference, "prefers: ", false, 0.85, "préfère %", `(?i)\bje préfère ` + value},
		{fact, "", false, 0.9, "", `(?i)\bmy (?P<s>(?:(?:` + things + `) )?size) is (?:an? )?(?P<v>[\p{L}\d][\p{L}\d./½]{0,7})`},
		{fact, "", false, 0.9, "", `(?i)\bi (?:wear|take|need) (?:an? )?(?P<s>(?:(?:` + things + `) )?size) (?P<v>[\p{L}\d][\p{L}\d./½]{0,7})`},
		{fact, "size", false, 0.9, "", `(?i)\b(?:mi talla es|uso la talla|calzo (?:un |el )?|meine größe ist|ich trage größe|ma (?:taille|pointure) est|je chausse du) ?(?:la |le |un )?(?P<v>\d{1,3}(?:[.,/]\d)?|X{0,3}[SML])\b`},
		{fact, "address", false, 0.9, "", `(?i)\bmy (?:new |home |delivery |postal |current )*address is (?:now )?` + place},
		{fact, "address", false, 0.8, "", `(?i)\bi (?:now )?live (?:at|in|on) ` + place},
		{fact, "address", false, 0.85, "", `(?i)\bi(?:['’]ve| have)? (?:just )?moved to ` + place},
		{fact, "address", false, 0.85, "", `(?i)\b(?:mi dirección es|vivo en|ich wohne (?:in|jetzt in)|meine adresse ist|mon adresse est|j['’]habite (?:à|au|en)?|moro em|meu endereço é|abito (?:a|in)) ` + place},
		{fact, "email", false, 0.95, "", `(?i)\b(?:my (?:new )?e-?mail(?: address)? is|mi (?:correo|email) es|meine e-?mail(?:-adresse)? ist|mon e-?mail est) (?P<v>[^\s@]{1,64}@[^\s@]{1,100}\.[a-z]{2,20})`},
		{fact, "phone", false, 0.9, "", `(?i)\bmy (?:new |other |second )?(?:phone |mobile )?number is (?P<v>\+?\d[\d ()-]{6,20}\d)`},
		{fact, "birthday", false, 0.9, "", `(?i)\b(?:my birthday is(?: on)?|i was born on|mi cumpleaños es(?: el)?|mein geburtstag ist(?: am)?|mon anniversaire est le) ` + value},
		{fact, "drives", false, 0.8, "", `(?i)\bi (?:drive|ride) (?P<v>(?:a|an) [^.,;:!?\n()"]{2,50})`},
		{fact, "", false, 0.8, "", `(?i)\bmy (?P<s>car|bike|dog|cat|phone|laptop|house|flat|wife|husband|son|daughter|baby)(?: is|['’]s name is| is called| is named) (?P<v>(?:a |an )?[^.,;:!?\n()"]{2,50})`},
		{fact, "work", false, 0.8, "", `(?i)\bi work (?P<v>(?:as|at|for) [^.,;:!?\n()"]{2,50})`},
		{preference, "language", false, 0.85, "", `(?i)\b(?:please (?:write|reply|answer|speak)(?: to me)? in|i only speak|sólo hablo|solo hablo|ich spreche nur|je ne parle que) (?P<v>\p{L}{4,20})`},
		{fact, "", false, 0.85, "", `(?i)\bmy (?P<s>appointment|booking|reservation) is (?:on|at|for) ` + value},
		{promise, "promise: ", false, 0.8, "will %", `(?i)\bi(?:['’]?ll| will|['’]m going to| am going to) (?P<v>(?:pay|come|send|bring|transfer|pick|collect|return|call|visit|confirm|be there)\b[^.;:!?\n()"]{0,80})`},
		{promise, "promise: ", false, 0.75, "%", `(?i)\b(?P<v>(?:voy a (?:pagar|ir|venir|enviar|mandar|llamar|traer|recoger)|pagaré|vendré|enviaré|mandaré|llamaré|traeré|recogeré)\b[^.;:!?\n()"]{0,80})`},
		{promise, "promise: ", false, 0.75, "%", `(?i)\b(?P<v>ich (?:zahle|komme|schicke|bringe|überweise|hole|melde mich|werde zahlen)\b[^.;:!?\n()"]{0,80})`},
	}
	out := make(rules, len(list))
	for i, l := range list {
		parsed, err := syntax.Parse(l.pattern, syntax.Perl)
		if err != nil {
			panic(err)
		}
		out[i] = rule{l.kind, l.subject, l.sensitive, l.confidence, l.text, regexp.MustCompile(l.pattern), telling(parsed)}
	}
	return out
}

var (
	// askedToRemember begins a sentence that asks us to keep what follows, which for what is sensitive is a consent.
	askedToRemember = regexp.MustCompile(`(?i)^\W*(?:please,? |por favor,? |bitte,? |s['’]il vous pla[iî]t,? )?(?:remember|do remember|keep in mind|make a note|note|recuerd[ae]n?|anote|merken sie sich|merk dir|retenez|notez|lembre-se|ricordate?)(?: down)?(?:,| that| que| dass| de que)? (?P<v>.{3,200})$`)
	// notSo begins what is supposed or was once so.
	notSo = regexp.MustCompile(`(?i)\b(?:if|unless|suppose|imagine|pretend|wish|used to|what about|wenn|falls|si yo|se eu|imagina)\b`)
	// askedToForget is a whole message.
	askedToForget = regexp.MustCompile(`(?i)^\W*(?:please,? |por favor,? |bitte,? )?(?:forget (?:me|everything|all)(?: (?:you know|you have|i told you|i said))?(?: about me)?|(?:delete|erase) (?:everything you know|all you know|what you know|all my data|my data|what you remember)(?: about me| of me)?|olvid[ae] (?:todo|lo que sabes?)(?: (?:de|sobre) mí)?|borr[ae] mis datos|vergiss alles(?: über mich)?|vergessen sie alles(?: über mich)?|löschen sie meine daten|oubliez (?:tout|moi)|effacez mes données|apague os meus dados|cancell[ai] i miei dati)(?:,? please)?\W*$`)
	// trailing is where a thing ends and a reason, a condition or another clause begins.
	trailing = regexp.MustCompile(`(?i)\s+(?:because|but|so|when|while|although|and i|and my|as i|please|thanks|thank you|anymore|any more|pero|porque|aber|weil|mais|car)\b.*$`)
	// listed parts a list.
	listed = regexp.MustCompile(`(?i)\s*(?:,|\band\b|\bor\b|&|\by\b|\bund\b|\bet\b|\be\b)\s*`)
)

// empties are what follows "I like" and says nothing by itself, and what follows "call me" and is no name.
var empties = set("it that this them these those you your yours to how what when the a an back later now again asap tomorrow today tonight monday tuesday wednesday thursday friday saturday sunday on at in if please eso esto ese es das dich sie es ça cela ca sorry fine not here")

// manner sorts what is preferred, so that a new wish takes an old one's place.
var manner = []struct {
	name  string
	words map[string]bool
}{
	{"time of day", set("morning mornings afternoon afternoons evening evenings noon weekend weekends weekday weekdays mañana mañanas tarde tardes")},
	{"way of contact", set("email e-mail mail phone call calls whatsapp text texts sms message messages teléfono correo")},
}

// firstPerson are words of which one stands in every sentence that a rule may fit, without what follows an apostrophe. They are looked
// for first: most messages have none.
var firstPerson = set("i im ill ive id my me call please remember note keep mi yo soy llámame prefiero vivo uso calzo sólo solo voy pagaré vendré " +
	"enviaré mandaré llamaré traeré recogeré recuerda recuerde recuerden anote ich mein meine meinen nenn nennen merken merk bitte je j mon ma " +
	"appelez retenez notez meu moro sou lembre sono chiamami abito ricorda ricordate do")
