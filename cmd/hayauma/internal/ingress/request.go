package ingress

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"

	"github.com/nats-io/nats.go/micro"

	"hayauma.example/cmd/hayauma/internal/api"
)

// HeaderParams has the parameters of a request's path and query, encoded as a query.
const HeaderParams = "Params"

// Bounds of a request beside max_payload, which may be more than a request needs.
const (
	bodyMost   = 1 << 20
	headerMost = 16 << 10
)

var placeholder = regexp.MustCompile(`\{([^}]+)\}`)

// request makes of a message what the API's handler takes, or the answer that refuses it.
func request(ctx context.Context, o api.Operation, r micro.Request) (*http.Request, *answer) {
	body := r.Data()
	if len(body) > bodyMost {
		return nil, problem(http.StatusRequestEntityTooLarge,
			fmt.Sprintf("the body has %d bytes, and a request over NATS may have %d: send it over HTTP, which takes any audience", len(body), bodyMost))
	}
	header, params, refusal := headers(r.Headers())
	if refusal != nil {
		return nil, refusal
	}
	target, refusal := target(o.Path, params)
	if refusal != nil {
		return nil, refusal
	}
	if len(body) > 0 && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json")
	}
	if o.Form && strings.HasPrefix(header.Get("Content-Type"), "application/json") {
		parts, kind, err := form(body)
		if err != nil {
			return nil, problem(http.StatusBadRequest, "the body is not a JSON object with the members campaign and audience: "+excerpt(err))
		}
		body = parts
		header.Set("Content-Type", kind)
	}
	req, err := http.NewRequestWithContext(ctx, o.Method, target, bytes.NewReader(body))
	if err != nil {
		return nil, problem(http.StatusBadRequest, "this makes no request: "+excerpt(err))
	}
	req.Header, req.Host, req.RequestURI, req.RemoteAddr = header, "nats", req.URL.RequestURI(), "nats"
	return req, nil
}

// excerpt keeps what is shown of an error short.
func excerpt(err error) string {
	text := err.Error()
	return strings.ToValidUTF8(text[:min(len(text), 200)], "")
}

// headers are a message's as a request has them, without those that are NATS's own or the connection's.
func headers(all micro.Headers) (header http.Header, params string, refusal *answer) {
	header = http.Header{}
	size := 0
	for name, values := range all {
		key := textproto.CanonicalMIMEHeaderKey(name)
		for _, v := range values {
			size += len(name) + len(v)
			switch {
			case key == HeaderParams:
				params = v
			case strings.HasPrefix(key, "Nats-"), key == "Content-Length", key == "Transfer-Encoding", key == "Connection", key == "Host":
			default:
				header.Add(key, v)
			}
		}
	}
	if size > headerMost {
		return nil, "", problem(http.StatusRequestHeaderFieldsTooLarge, fmt.Sprintf("the headers have %d bytes, and may have %d", size, headerMost))
	}
	return header, params, nil
}

// target is the path with its parameters, and the query with the rest of them.
func target(path, params string) (string, *answer) {
	values, err := url.ParseQuery(params)
	if err != nil {
		return "", problem(http.StatusBadRequest, "the header "+HeaderParams+" is not encoded as a query, such as id=…&limit=10: "+excerpt(err))
	}
	missing := ""
	path = placeholder.ReplaceAllStringFunc(path, func(p string) string {
		name := p[1 : len(p)-1]
		value := values.Get(name)
		if value == "" {
			missing = name
		}
		values.Del(name)
		return url.PathEscape(value)
	})
	if missing != "" {
		return "", problem(http.StatusBadRequest, fmt.Sprintf("the parameter %s is missing: send the header %s: %s=…", missing, HeaderParams, missing))
	}
	if len(values) > 0 {
		path += "?" + values.Encode()
	}
	return path, nil
}

// form makes the parts of a submission of one JSON object.
func form(body []byte) (parts []byte, contentType string, err error) {
	var in struct{ Campaign, Audience json.RawMessage }
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, "", err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, "", errors.New("something follows it")
	}
	if in.Campaign == nil || in.Audience == nil {
		return nil, "", errors.New("one of them is missing")
	}
	audience, kind, err := rows(in.Audience)
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range []struct {
		name, kind string
		data       []byte
	}{{"campaign", "application/json", in.Campaign}, {"audience", kind, audience}} {
		part, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {fmt.Sprintf(`form-data; name=%q; filename=%q`, p.name, p.name)}, "Content-Type": {p.kind},
		})
		if err != nil {
			return nil, "", err
		}
		if _, err := part.Write(p.data); err != nil {
			return nil, "", err
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), w.FormDataContentType(), nil
}

// rows are an audience: NDJSON of an array, CSV of a string.
func rows(audience json.RawMessage) (text []byte, kind string, err error) {
	var csv string
	if json.Unmarshal(audience, &csv) == nil {
		return []byte(csv), "text/csv", nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(audience, &list); err != nil {
		return nil, "", errors.New("audience is neither an array of rows nor a text of CSV")
	}
	var b bytes.Buffer
	for _, row := range list {
		if err := json.Compact(&b, row); err != nil {
			return nil, "", err
		}
		b.WriteByte('\n')
	}
	return b.Bytes(), "application/x-ndjson", nil
}
