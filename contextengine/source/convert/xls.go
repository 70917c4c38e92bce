package convert

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/richardlehane/mscfb"
)

// The records of an Excel 97 workbook (BIFF8) that hold what its reader sees.
const (
	recFormula  = 0x0006
	recEOF      = 0x000a
	recDateMode = 0x0022
	recFilePass = 0x002f
	recContinue = 0x003c
	recSheet    = 0x0085
	recMulRK    = 0x00bd
	recXF       = 0x00e0
	recSST      = 0x00fc
	recLabelSST = 0x00fd
	recNumber   = 0x0203
	recLabel    = 0x0204
	recBoolErr  = 0x0205
	recString   = 0x0207
	recRK       = 0x027e
	recFormat   = 0x041e
	recBOF      = 0x0809
)

// maxXLSRow and maxXLSColumn are the format's own bounds.
const maxXLSRow, maxXLSColumn = 65_536, 256

// xls reads an Excel workbook of before 2007. There is no library for it that is kept and may be linked.
func xls(req Request) (Document, error) {
	stream, err := oleStream(req.Content, "Workbook")
	if err != nil {
		return Document{}, err
	}
	return xlsSheets(stream, req.Name)
}

func xlsSheets(stream []byte, filename string) (Document, error) {
	book := &xlsBook{stream: stream, formats: map[int]string{}}
	if err := book.globals(); err != nil {
		return Document{}, err
	}
	w := newWorkbook(XLS)
	for i, s := range book.sheets {
		if s.hidden {
			w.hidden++
			continue
		}
		rows, err := book.rows(s, w)
		if err != nil {
			return Document{}, err
		}
		w.sheet(i+1, s.name, rows)
	}
	return w.document(filename)
}

// oleStream reads one stream at the top of an old Office container.
func oleStream(content []byte, name string) ([]byte, error) {
	container, err := mscfb.New(bytes.NewReader(content))
	if err != nil {
		return nil, ErrBroken.Because(err)
	}
	for entry, err := container.Next(); err == nil; entry, err = container.Next() {
		if entry.Name == name && len(entry.Path) == 0 {
			stream, err := io.ReadAll(io.LimitReader(entry, int64(len(content))))
			if err != nil {
				return nil, ErrBroken.Because(err)
			}
			return stream, nil
		}
	}
	return nil, ErrBroken.Because(fmt.Errorf("no stream %s", name))
}

type xlsBook struct {
	stream  []byte
	strings []string
	formats map[int]string // of numbers, by their number
	looks   []int          // the number format of each cell style
	sheets  []xlsSheet
	from    time.Time // day 0 of its dates
}

type xlsSheet struct {
	name   string
	at     int // of its records in the stream
	hidden bool
}

// record gives the record at a place of the stream and the place behind it.
func (b *xlsBook) record(at int) (kind int, data []byte, next int, err error) {
	if at < 0 || at+4 > len(b.stream) {
		return 0, nil, 0, ErrBroken.Because(errors.New("records end too early"))
	}
	kind, size := int(binary.LittleEndian.Uint16(b.stream[at:])), int(binary.LittleEndian.Uint16(b.stream[at+2:]))
	if at+4+size > len(b.stream) {
		return 0, nil, 0, ErrBroken.Because(errors.New("a record is cut off"))
	}
	return kind, b.stream[at+4 : at+4+size], at + 4 + size, nil
}

// globals reads what the sheets share.
func (b *xlsBook) globals() error {
	b.from = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	for at := 0; ; {
		kind, data, next, err := b.record(at)
		if err != nil {
			return err
		}
		switch {
		case kind == recEOF:
			return nil
		case kind == recFilePass:
			return ErrEncrypted
		case kind == recBOF && len(data) >= 2 && binary.LittleEndian.Uint16(data) != 0x0600:
			return sentence(ErrUnsupported, "This workbook is older than Excel 97; save it as XLSX and upload that.")
		case kind == recDateMode && len(data) >= 2 && data[0] == 1:
			b.from = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
		case kind == recSheet && len(data) >= 8:
			name := (&xlsText{parts: [][]byte{data[6:]}}).short()
			if data[5] == 0 { // a worksheet; charts and macros are something else
				b.sheets = append(b.sheets, xlsSheet{name: name, at: int(binary.LittleEndian.Uint32(data)), hidden: data[4]&3 != 0})
			}
		case kind == recFormat && len(data) >= 5:
			b.formats[int(binary.LittleEndian.Uint16(data))] = (&xlsText{parts: [][]byte{data[2:]}}).long()
		case kind == recXF && len(data) >= 4:
			b.looks = append(b.looks, int(binary.LittleEndian.Uint16(data[2:])))
		case kind == recSST && len(data) >= 8:
			text := &xlsText{parts: [][]byte{data[8:]}}
			for {
				more, part, behind, err := b.record(next)
				if err != nil || more != recContinue {
					break
				}
				text.parts = append(text.parts, part)
				next = behind
			}
			for n := binary.LittleEndian.Uint32(data[4:]); n > 0 && !text.ended(); n-- {
				b.strings = append(b.strings, text.long())
			}
		}
		at = next
	}
}

// rows reads a sheet's cells.
func (b *xlsBook) rows(s xlsSheet, w *workbook) ([][]string, error) {
	var rows [][]string
	put := func(row, column int, value string) error {
		if row >= maxXLSRow || column >= maxXLSColumn || value == "" {
			return nil
		}
		for len(rows) <= row {
			rows = append(rows, nil)
		}
		if n := column + 1 - len(rows[row]); n > 0 {
			if err := w.count(n); err != nil {
				return err
			}
			rows[row] = append(rows[row], make([]string, n)...)
		}
		rows[row][column] = value
		return nil
	}
	pending := [2]int{-1, -1} // the cell of a formula whose text follows
	depth := 0
	for at := s.at; ; {
		kind, data, next, err := b.record(at)
		if err != nil {
			return nil, err
		}
		at = next
		switch kind { // a chart inside a sheet is a stream inside the stream
		case recBOF:
			depth++
			continue
		case recEOF:
			if depth--; depth <= 0 {
				return rows, nil
			}
			continue
		}
		if depth != 1 {
			continue
		}
		if kind == recString && pending[0] >= 0 {
			if err := put(pending[0], pending[1], (&xlsText{parts: [][]byte{data}}).long()); err != nil {
				return nil, err
			}
			pending[0] = -1
			continue
		}
		if len(data) < 6 {
			continue
		}
		row, column, look := int(binary.LittleEndian.Uint16(data)), int(binary.LittleEndian.Uint16(data[2:])), int(binary.LittleEndian.Uint16(data[4:]))
		if kind == recMulRK {
			for i := 4; i+6 <= len(data)-2; i += 6 {
				if err := put(row, column+(i-4)/6, b.number(rk(data[i+2:]), int(binary.LittleEndian.Uint16(data[i:])))); err != nil {
					return nil, err
				}
			}
			continue
		}
		value, follows := b.value(kind, data, look)
		if follows {
			pending = [2]int{row, column}
		}
		if err := put(row, column, value); err != nil {
			return nil, err
		}
	}
}

// value reads a record of one cell; the text of a formula may follow in a record of its own.
func (b *xlsBook) value(kind int, data []byte, look int) (value string, follows bool) {
	truth := func(at int) string { return map[bool]string{true: "TRUE", false: "FALSE"}[data[at] != 0] }
	switch {
	case kind == recLabelSST && len(data) >= 10:
		if i := binary.LittleEndian.Uint32(data[6:]); uint64(i) < uint64(len(b.strings)) {
			return b.strings[i], false
		}
	case kind == recLabel && len(data) >= 9:
		return (&xlsText{parts: [][]byte{data[6:]}}).long(), false
	case kind == recNumber && len(data) >= 14:
		return b.number(float(data[6:]), look), false
	case kind == recRK && len(data) >= 10:
		return b.number(rk(data[6:]), look), false
	case kind == recBoolErr && len(data) >= 8 && data[7] == 0:
		return truth(6), false
	case kind == recFormula && len(data) >= 14:
		switch {
		case data[12] != 0xff || data[13] != 0xff:
			return b.number(float(data[6:]), look), false
		case data[6] == 0:
			return "", true
		case data[6] == 1:
			return truth(8), false
		}
	}
	return "", false
}

func float(data []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(data)) }

// rk unpacks a number of four bytes: the upper half of a float or an integer, either perhaps a hundredth.
func rk(data []byte) float64 {
	raw := binary.LittleEndian.Uint32(data)
	value := math.Float64frombits(uint64(raw&^3) << 32)
	if raw&2 != 0 {
		value = float64(int32(raw) >> 2)
	}
	if raw&1 != 0 {
		value /= 100
	}
	return value
}

// number writes a number as its cell shows it, as far as dates, percentages and decimals go.
func (b *xlsBook) number(value float64, look int) string {
	format := 0
	if look < len(b.looks) {
		format = b.looks[look]
	}
	code := strings.ToLower(b.formats[format])
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0):
		return ""
	case format >= 14 && format <= 17, format == 22, isDateCode(code):
		return b.date(value)
	case format >= 18 && format <= 21, format >= 45 && format <= 47:
		return b.from.Add(time.Duration(math.Mod(value, 1) * float64(24*time.Hour)).Round(time.Second)).Format("15:04:05")
	case format == 9, format == 10, strings.HasSuffix(code, "%"):
		return strconv.FormatFloat(math.Round(value*1e4)/1e2, 'f', -1, 64) + "%"
	case format == 2, format == 4, strings.HasSuffix(code, "0.00"):
		return strconv.FormatFloat(value, 'f', 2, 64)
	}
	return strconv.FormatFloat(math.Round(value*1e10)/1e10, 'f', -1, 64)
}

func (b *xlsBook) date(value float64) string {
	if value < 0 || value > 2_958_466 { // the year 9999
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	days, part := math.Modf(value)
	at := b.from.AddDate(0, 0, int(days)).Add(time.Duration(part * float64(24*time.Hour)).Round(time.Second))
	if part == 0 {
		return at.Format(time.DateOnly)
	}
	return at.Format("2006-01-02 15:04:05")
}

// isDateCode finds the letters of a date outside of quoted text and colours.
func isDateCode(code string) bool {
	quoted := false
	for i, r := range code {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted, i > 0 && code[i-1] == '\\':
		case r == '[':
			return strings.HasPrefix(code[i:], "[h") || strings.Contains(code[i:], "]") && isDateCode(code[i+strings.IndexByte(code[i:], ']')+1:])
		case r == 'y', r == 'd':
			return true
		}
	}
	return false
}

// xlsText reads strings from the parts of a record and of those that continue it. A string that runs over the end of a part
// says anew at the beginning of the next whether its characters take one byte or two.
type xlsText struct {
	parts [][]byte
}

func (t *xlsText) ended() bool {
	for len(t.parts) > 0 && len(t.parts[0]) == 0 {
		t.parts = t.parts[1:]
	}
	return len(t.parts) == 0
}

// take gives the next n bytes of the current part, fewer at its end.
func (t *xlsText) take(n int) []byte {
	if t.ended() {
		return nil
	}
	n = min(n, len(t.parts[0]))
	out := t.parts[0][:n]
	t.parts[0] = t.parts[0][n:]
	return out
}

func (t *xlsText) byte() int {
	if b := t.take(1); len(b) == 1 {
		return int(b[0])
	}
	return 0
}

func (t *xlsText) word() int { low := t.byte(); return low | t.byte()<<8 }

// short reads a string with a length of one byte, long one of two, with its formats and its phonetic help skipped.
func (t *xlsText) short() string { n := t.byte(); return t.characters(n, t.byte()) }

func (t *xlsText) long() string {
	n, flags := t.word(), t.byte()
	runs, extra := 0, 0
	if flags&8 != 0 {
		runs = t.word()
	}
	if flags&4 != 0 {
		low := t.word()
		extra = low | t.word()<<16
	}
	text := t.characters(n, flags)
	for rest := 4*runs + extra; rest > 0 && !t.ended(); {
		rest -= len(t.take(rest))
	}
	return text
}

func (t *xlsText) characters(n, flags int) string {
	var units []uint16
	for n > 0 && !t.ended() {
		wide := 1 + flags&1
		part := t.take(min(n*wide, len(t.parts[0])/wide*wide))
		if len(part) == 0 {
			t.take(1)
			continue
		}
		for i := 0; i < len(part); i += wide {
			unit := uint16(part[i])
			if wide == 2 {
				unit |= uint16(part[i+1]) << 8
			}
			units = append(units, unit)
		}
		if n -= len(part) / wide; n > 0 {
			flags = t.byte()
		}
	}
	return string(utf16.Decode(units))
}
