package convert

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/flomastr/flomastr"
)

// Worker is the other side of [Converter.Run]: what the hidden sub-command does, and all it does. It reads one document
// from stdin, writes one answer to stdout and returns the exit code. It first gives up every right that it does not
// need; where the system lets it, it starts itself once more so that the limits hold from the first instruction.
func Worker(stdin io.Reader, stdout, stderr io.Writer) int {
	if err := giveUpRights(); err != nil {
		_, _ = fmt.Fprintln(stderr, "give up rights:", err)
		return 3
	}
	// One document's tree is garbage once it is written; collecting it eagerly keeps large pages under the limit.
	debug.SetGCPercent(50)
	reply, err := readOne(stdin)
	if err != nil {
		reply = answer{Failure: failureOf(err)}
	}
	if err := json.NewEncoder(stdout).Encode(reply); err != nil {
		_, _ = fmt.Fprintln(stderr, "write the answer:", err)
		return 1
	}
	return 0
}

func failureOf(err error) *failure {
	var ours *flomastr.Error
	if !errors.As(err, &ours) {
		ours = ErrFailed.Because(err)
	}
	return &failure{Kind: ours.Kind, Code: ours.Code, Message: ours.Message, Cause: err.Error()}
}

func readOne(stdin io.Reader) (answer, error) {
	in := bufio.NewReaderSize(stdin, 64<<10)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return answer{}, fmt.Errorf("read the request: %w", err)
	}
	var head header
	if err := json.Unmarshal(line, &head); err != nil {
		return answer{}, fmt.Errorf("read the request: %w", err)
	}
	if head.Size <= 0 || head.Size > maxBytes {
		return answer{}, ErrTooLarge
	}
	req := head.Request
	req.Content = make([]byte, head.Size)
	if _, err := io.ReadFull(in, req.Content); err != nil {
		return answer{}, fmt.Errorf("read the document: %w", err)
	}
	switch head.Kind {
	case SVG, PNG, JPEG, WebP:
		drawn, err := picture(context.Background(), head.Kind, req.Content, head.Side)
		return answer{Picture: drawn}, err
	}
	doc, err := convert(context.Background(), head.Kind, req)
	return answer{Document: &doc}, err
}

// convert reads a document of a kind, in a folder that is the process's own.
func convert(ctx context.Context, kind Kind, req Request) (Document, error) {
	switch kind {
	case Text, Markdown:
		return plain(req, kind)
	case HTML:
		return htmlPage(ctx, req)
	case RTF:
		return rtf(req)
	case JSON:
		return jsonDocument(req)
	case XML:
		return xmlDocument(ctx, req)
	case PPTX:
		return pptx(req)
	case EPUB:
		return epub(ctx, req)
	case XLSX:
		return xlsx(ctx, req)
	case XLS:
		return xls(req)
	case ODS:
		return ods(req)
	case CSV:
		return csvTable(req)
	}
	dir, err := os.Getwd()
	if err != nil {
		return Document{}, ErrFailed.Because(err)
	}
	switch kind {
	case PDF:
		return pdf(ctx, dir, req)
	case DOCX:
		return docx(ctx, dir, req)
	case Image:
		return imageOfText(ctx, dir, req)
	case EML:
		return eml(ctx, req)
	case MSG:
		return msg(ctx, req)
	case ZIP:
		return zipArchive(ctx, req)
	case ODT:
		return odt(ctx, dir, req)
	}
	return Document{}, ErrUnsupported
}
