package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"time"

	"github.com/gabriel-vasile/mimetype"

	"github.com/flomastr/flomastr"
	"github.com/flomastr/flomastr/whatsapp/provider"
)

// ErrNoPublicURL is a file for a provider that fetches it, from a server that nobody outside reaches.
var ErrNoPublicURL = flomastr.Errorf(flomastr.Conflict, "public_url_missing",
	"This provider fetches files from this server, and the operator has not said how the world reaches it: see FLOMASTR_PUBLIC_URL.")

// withFiles looks at the files of ours that a message is to send, and refuses those that cannot go.
func (e *Engine) withFiles(ctx context.Context, tenant flomastr.TenantID, p provider.Provider, m provider.Message) (provider.Message, error) {
	if _, takes := p.(provider.MediaTaker); !takes && m.HasFiles() && e.set.FilesURL == "" {
		return m, ErrNoPublicURL
	}
	return m.WithFiles(func(f provider.Media) (provider.Media, error) {
		if f.File.IsZero() {
			return f, nil
		}
		a, err := e.store.Attached(ctx, tenant, f.File)
		if err != nil {
			return f, err
		}
		if a.State != MediaStored {
			return f, ErrMediaNotStored
		}
		if f.Kind == "" {
			f.Kind = string(a.Kind)
		}
		if f.Kind == string(MediaDocument) && f.Filename == "" {
			f.Filename = a.Filename
		}
		return f, e.mayGoAs(ctx, tenant, a, MediaKind(f.Kind))
	})
}

// mayGoAs asks once more whether a file may be sent, because it may be sent as something else than it was uploaded as, or have
// come from a customer.
func (e *Engine) mayGoAs(ctx context.Context, tenant flomastr.TenantID, a Attached, kind MediaKind) error {
	body, err := e.blobs.Open(ctx, tenant, a.File.Key())
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	return sendable(kind, typeOf(a.File), a.File.Size, body)
}

// typeOf is a kept file's type as it was found when it was taken; nil for one that is not known any more.
func typeOf(f KeptFile) *mimetype.MIME {
	name, _, _ := mime.ParseMediaType(f.Type)
	return mimetype.Lookup(name)
}

// SentType is what the file is announced as to whoever gets it: WhatsApp's name of its type, where it has one.
func (a Attached) SentType() string {
	if told, ok := carriedAs(a.Kind, typeOf(a.File)); ok {
		return told
	}
	return a.File.Type
}

// handOver gets the files of a message to where its provider finds them: into the provider's own keeping, or under an address
// of ours that ends by itself. It delivers nothing to anybody. The lane is held meanwhile, however large they are.
func (e *Engine) handOver(ctx context.Context, s *Sending, ch cachedChannel, p provider.Provider) (failed *provider.SendError) {
	if !s.Message.HasFiles() {
		return nil
	}
	taker, takes := p.(provider.MediaTaker)
	working, stop := e.renewWhile(ctx, s.Lane, e.set.SendLease)
	message, err := s.Message.WithFiles(func(m provider.Media) (_ provider.Media, err error) {
		switch {
		case m.File.IsZero():
		case takes:
			m.ID, err = e.upload(working, s.Lane.Tenant, ch, taker, m)
		case e.set.FilesURL == "":
			err = provider.RefusedMessage(ErrNoPublicURL.Message)
		default:
			m.URL = e.fileLink(s.Lane.Tenant, m.File)
		}
		return m, err
	})
	if err = errors.Join(err, stop()); err == nil {
		err = e.store.RenewLane(ctx, s.Lane, e.set.SendLease)
	}
	if err != nil {
		if failed, ok := errors.AsType[*provider.SendError](err); ok {
			return failed
		}
		return &provider.SendError{Outcome: provider.NotSent, Sentence: "The file could not be handed over.", Err: err}
	}
	s.Message = message
	return nil
}

// uploadTime is how long handing a file over may take.
const uploadTime = 5 * time.Minute

func (e *Engine) upload(ctx context.Context, tenant flomastr.TenantID, ch cachedChannel, p provider.MediaTaker, m provider.Media) (string, error) {
	a, body, err := e.OpenMedia(ctx, tenant, m.File)
	if errors.Is(err, ErrMediaNotFound) || errors.Is(err, ErrMediaNotStored) {
		return "", provider.RefusedMessage("Not sent: the file is not kept here any more.")
	}
	if err != nil {
		return "", fmt.Errorf("open a file to be sent: %w", err)
	}
	defer func() { _ = body.Close() }()
	told, ok := carriedAs(MediaKind(m.Kind), typeOf(a.File))
	if !ok {
		return "", provider.RefusedMessage(ErrFileKind.Message)
	}
	ctx, cancel := context.WithTimeout(ctx, uploadTime)
	defer cancel()
	return p.TakeMedia(ctx, ch.opened, provider.MediaUpload{Body: body, Type: told, Size: a.File.Size, Filename: m.Filename})
}
