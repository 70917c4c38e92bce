package whatsapp

import (
	"strings"
	"unicode"

	"github.com/flomastr/flomastr/contextengine/analysis"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// Wish is what a customer asks of us about being written to at all.
type Wish uint8

// The wishes.
const (
	NoWish Wish = iota
	WishStop
	WishStart // counts only for somebody whom we may not write to; for everybody else it is a word like any other
)

// Scope is how much of what we write somebody does not want.
type Scope string

// The scopes.
const (
	ScopeMarketing Scope = "marketing" // no campaigns; whoever asks something is still answered
	ScopeAll       Scope = "all"
)

// language is one language's words about being written to, folded, and what we say to them.
type language struct {
	stop, start        []string
	stopped, restarted string
}

// languages are those in which a whole message is understood, whatever the tenant's own ones are: a customer writes in
// theirs. A word that several know is answered in the first one's.
var languages = []language{
	{ // English
		stop: []string{
			"stop", "stop all", "stopall", "stop it", "please stop", "stop please", "unsubscribe", "unsubscribe me", "cancel", "end", "quit",
			"opt out", "optout", "stop messages", "stop messaging me", "no more messages", "remove me",
		},
		start:     []string{"start", "unstop", "resume", "subscribe", "opt in", "optin"},
		stopped:   "You will not get any more messages from us. To hear from us again, write START.",
		restarted: "You will hear from us again. To stop, write STOP.",
	},
	{ // German
		stop: []string{
			"stopp", "bitte stopp", "abmelden", "abbestellen", "austragen", "ende", "beenden", "aufhören", "keine nachrichten mehr",
			"keine nachrichten", "nicht mehr schreiben",
		},
		start:     []string{"starten", "anmelden", "weiter", "fortsetzen"},
		stopped:   "Sie erhalten keine Nachrichten mehr von uns. Möchten Sie wieder welche, schreiben Sie START.",
		restarted: "Sie erhalten wieder Nachrichten von uns. Zum Beenden schreiben Sie STOP.",
	},
	{ // Spanish
		stop: []string{
			"parar", "para", "baja", "dar de baja", "darme de baja", "dame de baja", "detener", "cancelar", "desuscribir", "desuscribirme",
			"no más mensajes", "no mas mensajes", "basta",
		},
		start:     []string{"alta", "darme de alta", "empezar", "iniciar", "reanudar", "suscribir", "suscribirme"},
		stopped:   "No recibirá más mensajes nuestros. Para volver a recibirlos, escriba START.",
		restarted: "Volverá a recibir nuestros mensajes. Para dejar de recibirlos, escriba STOP.",
	},
	{ // French
		stop: []string{
			"arrêt", "arrêter", "arrêtez", "désabonner", "me désabonner", "désabonnement", "désinscrire", "désinscription", "plus de messages", "fin",
			"annuler",
		},
		start:     []string{"commencer", "reprendre", "abonner", "réabonner", "s'abonner"},
		stopped:   "Vous ne recevrez plus de messages de notre part. Pour en recevoir à nouveau, écrivez START.",
		restarted: "Vous recevrez à nouveau nos messages. Pour arrêter, écrivez STOP.",
	},
	{ // Italian
		stop:      []string{"ferma", "fermati", "smetti", "annulla", "annulla iscrizione", "cancellami", "disiscrivi", "disiscrivimi", "disiscrizione", "niente messaggi"},
		start:     []string{"inizia", "riprendi", "iscrivi", "iscrivimi"},
		stopped:   "Non riceverà più messaggi da noi. Per riceverli di nuovo, scriva START.",
		restarted: "Riceverà di nuovo i nostri messaggi. Per smettere, scriva STOP.",
	},
	{ // Portuguese
		stop:      []string{"pare", "sair", "descadastrar", "cancelar inscrição", "parar mensagens", "não quero mais mensagens", "chega", "remover"},
		start:     []string{"começar", "voltar", "retomar", "inscrever"},
		stopped:   "Não receberá mais mensagens nossas. Para voltar a receber, escreva START.",
		restarted: "Voltará a receber as nossas mensagens. Para parar, escreva STOP.",
	},
	{ // Arabic
		stop:      []string{"توقف", "إيقاف", "ايقاف", "أوقف", "قف", "إلغاء", "الغاء", "إلغاء الاشتراك", "الغاء الاشتراك", "كفى"},
		start:     []string{"ابدأ", "بدء", "استئناف", "اشتراك", "اشترك"},
		stopped:   "لن تصلك أي رسائل منا بعد الآن. لتلقي الرسائل من جديد، اكتب START.",
		restarted: "ستصلك رسائلنا من جديد. للإيقاف، اكتب STOP.",
	},
	{ // Dutch
		stop:      []string{"stoppen", "stop ermee", "afmelden", "uitschrijven", "geen berichten meer", "einde"},
		start:     []string{"starten", "hervatten", "aanmelden", "inschrijven"},
		stopped:   "U ontvangt geen berichten meer van ons. Wilt u ze weer ontvangen, schrijf dan START.",
		restarted: "U ontvangt weer berichten van ons. Schrijf STOP om te stoppen.",
	},
	{ // Polish
		stop:      []string{"wypisz", "wypisz mnie", "zatrzymaj", "rezygnuję", "rezygnacja", "anuluj", "koniec", "przestań", "nie pisz"},
		start:     []string{"wznów", "zapisz", "zapisz mnie", "zacznij"},
		stopped:   "Nie będziesz już otrzymywać od nas wiadomości. Aby znów je otrzymywać, napisz START.",
		restarted: "Znów będziesz otrzymywać nasze wiadomości. Aby przestać, napisz STOP.",
	},
	{ // Turkish
		stop:      []string{"dur", "durdur", "iptal", "iptal et", "abonelikten çık", "ret", "yazma"},
		start:     []string{"başla", "başlat", "devam", "abone ol"},
		stopped:   "Artık bizden mesaj almayacaksınız. Yeniden almak için START yazın.",
		restarted: "Bizden yeniden mesaj alacaksınız. Durdurmak için STOP yazın.",
	},
	{ // Croatian
		stop:      []string{"odjava", "odjavi", "odjavi me", "odjavite me", "prekini", "zaustavi", "prestani", "prestanite", "ne šalji", "kraj"},
		start:     []string{"prijava", "prijavi me", "nastavi", "kreni", "počni"},
		stopped:   "Više nećete primati naše poruke. Želite li ih opet primati, napišite START.",
		restarted: "Opet ćete primati naše poruke. Za prestanak napišite STOP.",
	},
	{ // Hindi
		stop:      []string{"रोकें", "रोको", "बंद", "बंद करें", "बंद करो", "सदस्यता समाप्त"},
		start:     []string{"शुरू", "शुरू करें", "फिर से शुरू"},
		stopped:   "अब आपको हमारी ओर से कोई संदेश नहीं मिलेगा। फिर से पाने के लिए START लिखें।",
		restarted: "आपको फिर से हमारे संदेश मिलेंगे। रोकने के लिए STOP लिखें।",
	},
}

// said is a wish in a language.
type said struct {
	wish  Wish
	reply string
}

// wishWords finds a wish by a whole message, bared.
var wishWords = func() map[string]said {
	words := map[string]said{}
	add := func(list []string, s said) {
		for _, word := range list {
			if _, taken := words[bare(word)]; !taken {
				words[bare(word)] = s
			}
		}
	}
	for _, l := range languages {
		add(l.stop, said{WishStop, l.stopped})
		add(l.start, said{WishStart, l.restarted})
	}
	return words
}()

// longestWish is more than any of the words has.
const longestWish = 60

// wishOf tells what a message asks, and what we say to it. Only a whole message counts, and only one in the customer's
// own words: a word inside a sentence is none, and neither is the title of a row that we ourselves offered.
func wishOf(in provider.Inbound) (Wish, string) {
	if in.Type != "text" && in.Type != "button" || in.Echo || in.History || in.Silent || in.Target != "" || len(in.Text) > 4*longestWish {
		return NoWish, ""
	}
	s := wishWords[bare(in.Text)]
	return s.wish, s.reply
}

// bare leaves of a text its folded words with one space between: "  STOP!!! 🛑" and "stop" are the same.
func bare(text string) string {
	words := strings.FieldsFunc(analysis.Fold(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) || r == 'ـ'
	})
	return strings.Join(words, " ")
}
