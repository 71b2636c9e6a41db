package lineapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"go.yaml.in/yaml/v3"
)

// API is LINE's contract.
type API struct {
	doc    *openapi3.T
	router routers.Router
}

// Open loads the file that LINE_OPENAPI names, or skips the test.
func Open(t testing.TB) *API {
	t.Helper()
	path := os.Getenv("LINE_OPENAPI")
	if path == "" {
		t.Skip("LINE_OPENAPI is not set: it names LINE's messaging-api.yml (github.com/line/line-openapi), which this check needs")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("LINE_OPENAPI: %v", err)
	}
	api, err := load(text)
	if err != nil {
		t.Fatalf("LINE_OPENAPI %s: %v", path, err)
	}
	return api
}

func load(text []byte) (*API, error) {
	var file map[string]any
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	file["servers"] = []any{map[string]any{"url": "/"}}
	if n := spell(file); n == 0 {
		return nil, fmt.Errorf("no schema has a discriminator: not LINE's file, or its shape has changed")
	}
	rewritten, err := json.Marshal(file)
	if err != nil {
		return nil, err
	}
	openapi3.DefineStringFormatValidator("uuid", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC4122))
	doc, err := openapi3.NewLoader().LoadFromData(rewritten)
	if err != nil {
		return nil, err
	}
	router, err := gorillamux.NewRouter(doc)
	return &API{doc, router}, err
}

// spell turns discriminators into oneOf, as the package documentation shows, and counts them.
func spell(file map[string]any) int {
	components, _ := file["components"].(map[string]any)
	schemas, _ := components["schemas"].(map[string]any)
	var found []string
	for name, s := range schemas {
		if schema, ok := s.(map[string]any); ok && schema["discriminator"] != nil {
			found = append(found, name)
		}
	}
	for _, s := range schemas {
		for _, name := range found {
			refer(s, name)
		}
	}
	for _, name := range found {
		schema := schemas[name].(map[string]any)
		discriminator := schema["discriminator"].(map[string]any)
		delete(schema, "discriminator")
		schemas[name+"Base"] = schema
		var variants []any
		for _, ref := range discriminator["mapping"].(map[string]any) {
			variants = append(variants, map[string]any{"$ref": ref})
		}
		schemas[name] = map[string]any{"oneOf": variants, "discriminator": discriminator}
	}
	return len(found)
}

// refer points a variant's allOf at the base.
func refer(schema any, name string) {
	s, _ := schema.(map[string]any)
	parts, _ := s["allOf"].([]any)
	for _, p := range parts {
		if part, ok := p.(map[string]any); ok && part["$ref"] == "#/components/schemas/"+name {
			part["$ref"] = "#/components/schemas/" + name + "Base"
		}
	}
}

// Messages checks an array of messages.
func (a *API) Messages(messages []byte) error {
	return a.check("ValidateMessageRequest", []byte(`{"messages":`+string(messages)+`}`))
}

// Problem checks the body of an answer that isn't a success.
func (a *API) Problem(body []byte) error { return a.check("ErrorResponse", body) }

func (a *API) check(schema string, body []byte) error {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	return short(a.doc.Components.Schemas[schema].Value.VisitJSON(value, openapi3.EnableFormatValidation()))
}

// short keeps the first line of an error; the rest is schemas.
func short(err error) error {
	if err == nil {
		return nil
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(first)
}

// Exchange checks a request with its answer. The request's body may have been read; it is given apart.
func (a *API) Exchange(r *http.Request, body []byte, answer *http.Response, answered []byte) error {
	request, err := a.request(r, body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		if err := a.Problem(answered); err != nil {
			return fmt.Errorf("answer %d: %w", answer.StatusCode, err)
		}
	}
	return short(openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: answer.StatusCode, Header: answer.Header, Body: io.NopCloser(bytes.NewReader(answered)), Options: request.Options,
	}))
}

// Request checks a request.
func (a *API) Request(r *http.Request, body []byte) error {
	_, err := a.request(r, body)
	return err
}

func (a *API) request(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	r = r.Clone(context.Background())
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.URL.Scheme, r.URL.Host = "", ""
	route, params, err := a.router.FindRoute(r)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		return nil, fmt.Errorf("%s %s: no bearer token", r.Method, r.URL.Path)
	}
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
	return input, short(openapi3filter.ValidateRequest(context.Background(), input))
}
