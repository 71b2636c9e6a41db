package api_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"hayauma.example/cmd/hayauma/internal/api"
)

// Every answer that a test of this package gets by desk.send is held against the OpenAPI document, by a validator that shares nothing
// with the library that wrote the document; and so is what was asked for where it was granted.

// documentForm is one form of the document, with the operations by their requests.
type documentForm struct {
	version string
	routes  routers.Router
}

var documentForms = sync.OnceValues(func() (forms []documentForm, err error) {
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", decodeLines)
	openapi3filter.RegisterBodyDecoder("text/event-stream", decodeLines)
	document := api.Document("test")
	for _, write := range []func() ([]byte, error){document.MarshalJSON, document.Downgrade} {
		raw, err := write()
		if err != nil {
			return nil, err
		}
		doc, err := openapi3.NewLoader().LoadFromData(raw)
		if err != nil {
			return nil, err
		}
		routes, err := gorillamux.NewRouter(doc)
		if err != nil {
			return nil, err
		}
		forms = append(forms, documentForm{doc.OpenAPI, routes})
	}
	return forms, nil
})

// decodeLines reads what comes line by line: the document describes one line of an answer, and the whole of a request as text.
func decodeLines(body io.Reader, h http.Header, schema *openapi3.SchemaRef, encoding openapi3filter.EncodingFn) (any, error) {
	if schema.Value.Type.Is("string") {
		return openapi3filter.PlainBodyDecoder(body, h, schema, encoding)
	}
	return openapi3filter.JSONBodyDecoder(body, h, schema, encoding)
}

// answered counts what an operation has answered.
type answered struct {
	mu       sync.Mutex
	good     map[string]int // by the operation's id; guarded by mu
	problems map[string]int // likewise
}

func (a *answered) count(operation string, status int) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if status < 300 {
		a.good[operation]++
	} else {
		a.problems[operation]++
	}
}

func (d *desk) conforms(req *http.Request, a answer) {
	d.Helper()
	forms, err := documentForms()
	if err != nil {
		d.Fatal(err)
	}
	for _, form := range forms {
		route, params, err := form.routes.FindRoute(req)
		if errors.Is(err, routers.ErrPathNotFound) || errors.Is(err, routers.ErrMethodNotAllowed) {
			if a.status < 300 && strings.HasPrefix(req.URL.Path, "/v1/") {
				d.Errorf("%s %s is answered and stands in no document", req.Method, req.URL.Path)
			}
			return
		} else if err != nil {
			d.Fatal(err)
		}
		asked := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route}
		if err := validateAnswer(asked, a); err != nil {
			d.Errorf("OpenAPI %s: %s: %d: %v", form.version, route.Operation.OperationID, a.status, err)
		}
		if err := validateRequest(asked, a.status); err != nil {
			d.Errorf("OpenAPI %s: %s was granted, and is not as the document has it: %v", form.version, route.Operation.OperationID, err)
		}
		if form.version == forms[0].version {
			d.seen.count(route.Operation.OperationID, a.status)
		}
	}
}

func validateAnswer(asked *openapi3filter.RequestValidationInput, a answer) error {
	for _, part := range a.parts() {
		in := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: asked, Status: a.status, Header: a.header, Options: &openapi3filter.Options{IncludeResponseStatus: true},
		}
		if err := openapi3filter.ValidateResponse(asked.Request.Context(), in.SetBodyBytes(part)); err != nil {
			return err
		}
	}
	return nil
}

// parts are what the document describes each of: the lines of a stream, or the whole answer. Of a long stream a few lines speak for the
// others.
func (a answer) parts() (parts [][]byte) {
	const enough = 50
	kind, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	before := "" // what stands before a line's JSON
	switch {
	case kind == "text/event-stream":
		before = "data: "
	case kind != "application/x-ndjson":
		return [][]byte{[]byte(a.body)}
	}
	for line := range strings.Lines(a.body) {
		if data, ok := strings.CutPrefix(line, before); ok && len(parts) < enough {
			parts = append(parts, []byte(data))
		}
	}
	return parts
}

// validateRequest looks at requests that were granted, and can be read again. A parameter without a value is taken for none, which the
// document doesn't promise.
func validateRequest(asked *openapi3filter.RequestValidationInput, status int) error {
	const most = 1 << 20 // bytes of a body
	req := asked.Request
	values := slices.Concat(slices.Collect(maps.Values(req.URL.Query()))...)
	if status >= 300 || req.ContentLength > most || req.Body != nil && req.GetBody == nil || slices.Contains(values, "") {
		return nil
	}
	again := req.Clone(req.Context())
	again.Body = http.NoBody
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return err
		}
		raw, err := io.ReadAll(body)
		if err != nil || bytes.Contains(raw, gzipMagic) { // the validator reads no gzip data
			return err
		}
		again.Body = io.NopCloser(bytes.NewReader(raw))
	}
	in := *asked
	in.Request, in.Options = again, &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true}
	return openapi3filter.ValidateRequest(req.Context(), &in)
}

var gzipMagic = []byte{0x1f, 0x8b, 0x08}
