package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/lmittmann/tint"

	"github.com/flomastr/flomastr"
)

// newLogger makes the one logger: readable on a terminal, JSON elsewhere, with the request's id on every line that
// belongs to one, and with the values of telling keys taken out.
func newLogger(w io.Writer, level, format string) *slog.Logger {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		least = slog.LevelInfo
	}
	if format == "text" || (format == "auto" && isTerminal(w)) {
		return slog.New(withRequestID{tint.NewTextHandler(w, &tint.Options{
			Level: least, TimeFormat: time.TimeOnly, NoColor: !isTerminal(w) || os.Getenv("NO_COLOR") != "", ReplaceAttr: redact,
		})})
	}
	return slog.New(withRequestID{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: least, ReplaceAttr: redact})})
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// telling are the parts of a key's name whose value must not be logged, whatever its type. A type that knows better,
// such as Secret, says so itself through slog.LogValuer or encoding.TextMarshaler.
var telling = []string{"password", "passwd", "secret", "token", "authorization", "api_key", "apikey", "cookie", "dsn", "database_url", "credential", "master_key"}

// redact is the last look at every attribute before it is written.
func redact(_ []string, a slog.Attr) slog.Attr {
	key := strings.ToLower(a.Key)
	for _, part := range telling {
		if strings.Contains(key, part) && !a.Value.Equal(slog.StringValue("")) {
			return slog.String(a.Key, "[redacted]")
		}
	}
	if (key == "phone" || strings.HasSuffix(key, "_phone")) && a.Value.Kind() == slog.KindString {
		return slog.String(a.Key, maskPhone(a.Value.String()))
	}
	return a
}

// maskPhone keeps of a number what lets an operator recognise it, and no more.
func maskPhone(number string) string {
	if len(number) < 8 {
		return "…"
	}
	return number[:4] + "…" + number[len(number)-2:]
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '·'
}

// withRequestID adds the id that the context carries.
type withRequestID struct{ slog.Handler }

func (h withRequestID) Handle(ctx context.Context, r slog.Record) error {
	if id := flomastr.RequestID(ctx); id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("request_id", id))
	}
	// A value is quoted by the handlers, the message of the readable form is not: a library that puts a stranger's words
	// there must not begin a line, or speak to the terminal.
	r.Message = strings.Map(printable, r.Message)
	return h.Handler.Handle(ctx, r)
}

func (h withRequestID) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withRequestID{h.Handler.WithAttrs(attrs)}
}

func (h withRequestID) WithGroup(name string) slog.Handler {
	return withRequestID{h.Handler.WithGroup(name)}
}
