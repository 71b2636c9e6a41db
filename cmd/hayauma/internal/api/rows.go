package api

import (
	"bytes"
	"encoding/json"
	"mime"
	"strconv"
	"strings"
)

const formatCSV = "csv"

// recipientRows writes recipients as NDJSON or CSV, in memory.
type recipientRows struct {
	text  bytes.Buffer
	json  *json.Encoder
	asCSV bool

	variants bool // CSV has a column for them
}

func newRecipientRows(asCSV, variants bool) *recipientRows {
	r := &recipientRows{asCSV: asCSV, variants: variants}
	r.json = json.NewEncoder(&r.text)
	return r
}

func (r *recipientRows) kind() string {
	if r.asCSV {
		return "text/csv; charset=utf-8; header=present"
	}
	return "application/x-ndjson"
}

// head is what stands before the first recipient.
func (r *recipientRows) head() []byte {
	if !r.asCSV {
		return nil
	}
	if r.variants {
		return []byte("user_id,index,state,reason,variant\r\n")
	}
	return []byte("user_id,index,state,reason\r\n")
}

func (r *recipientRows) add(one Recipient) error {
	if !r.asCSV {
		return r.json.Encode(one)
	}
	cells := []string{plainCell(one.UserID), strconv.FormatUint(uint64(one.Index), 10), one.State, plainCell(one.Reason)}
	if r.variants {
		cells = append(cells, plainCell(one.Variant))
	}
	for i, cell := range cells {
		if i > 0 {
			r.text.WriteByte(',')
		}
		r.text.WriteString(quotedCell(cell))
	}
	r.text.WriteString("\r\n")
	return nil
}

// take returns what was added since the last call; it is valid until the next add.
func (r *recipientRows) take() []byte {
	defer r.text.Reset()
	return r.text.Bytes()
}

// quotedCell writes a cell as RFC 4180 has it, as it is: encoding/csv would change the line ends in it.
func quotedCell(text string) string {
	if !strings.ContainsAny(text, "\",\r\n") {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}

// plainCell keeps a spreadsheet from running a cell: reasons are a provider's words, and ids may be anybody's.
func plainCell(text string) string {
	if text != "" && strings.IndexByte("=+-@\t\r", text[0]) >= 0 {
		return "'" + text
	}
	return text
}

// prefersCSV tells whether an Accept header rates text/csv above NDJSON.
func prefersCSV(accept string) bool {
	asCSV, asLines := 0.0, 0.0
	for item := range strings.SplitSeq(accept, ",") {
		kind, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		weight := 1.0
		if q, given := params["q"]; given {
			weight, _ = strconv.ParseFloat(q, 64) // what is no number weighs nothing
		}
		switch kind {
		case "text/csv":
			asCSV = max(asCSV, weight)
		case "application/x-ndjson":
			asLines = max(asLines, weight)
		}
	}
	return asCSV > asLines
}
