package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"strings"

	"hayauma.example/cmd/hayauma/internal/api"
)

// Audience is a list of recipients to send, as bytes of a known form.
type Audience struct {
	Data io.Reader
	Type string // text/csv or application/x-ndjson
	Gzip bool   // Data is compressed
}

// OpenAudience opens a file; its name says what it holds: .csv or .ndjson, with .gz behind it or not.
func OpenAudience(path string) (Audience, io.Closer, error) {
	name, gzip := strings.CutSuffix(strings.ToLower(path), ".gz")
	a := Audience{Gzip: gzip}
	switch {
	case strings.HasSuffix(name, ".csv"):
		a.Type = "text/csv"
	case strings.HasSuffix(name, ".ndjson"), strings.HasSuffix(name, ".jsonl"):
		a.Type = "application/x-ndjson"
	default:
		return a, nil, fmt.Errorf("audience %s: its name must end in .csv or .ndjson, with .gz behind it where it is compressed", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return a, nil, fmt.Errorf("audience: %w", err)
	}
	a.Data = f
	return a, f, nil
}

// Submit sends a campaign and its audience and returns the campaign's id. definition is JSON, see [Definition]. The same key and
// content again return the same id.
func (c *Client) Submit(ctx context.Context, key string, definition []byte, a Audience) (string, error) {
	r, w := io.Pipe()
	defer func() { _ = r.Close() }() // ends the writer, also after an early refusal; a pipe closes without error
	form := multipart.NewWriter(w)
	go func() { w.CloseWithError(writeForm(form, definition, a)) }()

	header := http.Header{}
	header.Set("Content-Type", form.FormDataContentType())
	header.Set("Idempotency-Key", key)
	resp, err := c.send(ctx, http.MethodPost, "/v1/campaigns", r, header)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var s api.Submitted
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil || s.ID == "" {
		return "", Unreachable{Server: c.base, Err: fmt.Errorf("unreadable answer to the submission: %w", err)}
	}
	return s.ID, nil
}

func writeForm(form *multipart.Writer, definition []byte, a Audience) error {
	part, err := form.CreatePart(partHeader("campaign", "application/json", false))
	if err != nil {
		return err
	}
	if _, err := part.Write(definition); err != nil {
		return err
	}
	if part, err = form.CreatePart(partHeader("audience", a.Type, a.Gzip)); err != nil {
		return err
	}
	if _, err := io.Copy(part, a.Data); err != nil {
		return err
	}
	return form.Close()
}

func partHeader(name, contentType string, gzip bool) textproto.MIMEHeader {
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", `form-data; name="`+name+`"; filename="`+name+`"`)
	h.Set("Content-Type", contentType)
	if gzip {
		h.Set("Content-Encoding", "gzip")
	}
	return h
}
