package convert

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/xuri/excelize/v2"
)

// xlsx reads an Excel workbook a row at a time. Formulas are not evaluated: what the program that wrote the file saw as
// their result is what counts. Dates come as 2026-11-30 where the workbook leaves their look to the reader's country.
func xlsx(ctx context.Context, req Request) (Document, error) {
	safe, err := repack(req.Content, officeParts("xl"))
	if err != nil {
		return Document{}, err
	}
	file, err := excelize.OpenReader(bytes.NewReader(safe), excelize.Options{
		ShortDatePattern: "yyyy-mm-dd", LongDatePattern: "yyyy-mm-dd", LongTimePattern: "hh:mm:ss",
		UnzipSizeLimit: maxParts, UnzipXMLSizeLimit: 16 << 20,
	})
	if err != nil {
		if errors.Is(err, excelize.ErrWorkbookFileFormat) || errors.Is(err, excelize.ErrWorkbookPassword) {
			return Document{}, ErrEncrypted.Because(err)
		}
		return Document{}, ErrBroken.Because(err)
	}
	defer func() { _ = file.Close() }()
	w := newWorkbook(XLSX)
	w.doc.Title, w.doc.Lang = coreProperties(safe)
	for i, name := range file.GetSheetList() {
		if err := ctx.Err(); err != nil {
			return Document{}, err
		}
		if shown, err := file.GetSheetVisible(name); err == nil && !shown {
			w.hidden++
			continue
		}
		rows, err := xlsxRows(file, name, w)
		if err != nil {
			return Document{}, err
		}
		w.sheet(i+1, name, rows)
	}
	return w.document(req.Name)
}

func xlsxRows(file *excelize.File, name string, w *workbook) ([][]string, error) {
	rows, err := file.Rows(name)
	if err != nil {
		if _, chart := errors.AsType[excelize.ErrSheetNotExist](err); chart { // a sheet that holds nothing else
			return nil, nil
		}
		return nil, ErrBroken.Because(fmt.Errorf("read sheet: %w", err))
	}
	defer func() { _ = rows.Close() }()
	var out [][]string
	for rows.Next() {
		cells, err := rows.Columns()
		if err != nil {
			return nil, ErrBroken.Because(fmt.Errorf("read row: %w", err))
		}
		if blank(cells) {
			cells = nil
		}
		// Rows that are not there are counted by the file, not by us.
		if cells == nil && (len(out) == 0 || out[len(out)-1] == nil) {
			continue
		}
		if err := w.count(len(cells) + 1); err != nil {
			return nil, err
		}
		out = append(out, cells)
	}
	if err := rows.Error(); err != nil {
		return nil, ErrBroken.Because(err)
	}
	return out, nil
}
