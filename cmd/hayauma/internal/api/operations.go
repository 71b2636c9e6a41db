package api

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// API is the handler of all requests, and knows what can be asked for.
type API struct {
	http.Handler
	doc *huma.OpenAPI
}

// Operation is one of the OpenAPI document.
type Operation struct {
	ID      string // such as pause-campaign
	Method  string
	Path    string // with parameters, such as /v1/campaigns/{id}/pause
	Summary string
	Form    bool // the body is a form of parts
}

// Operations are those that answer once, in the order of their ids: all but health, and streams that end when the campaign does.
func (a *API) Operations() []Operation {
	var all []Operation
	for path, item := range a.doc.Paths {
		if !strings.HasPrefix(path, "/v1/") {
			continue
		}
		for _, o := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
			if o == nil || streams(o) {
				continue
			}
			form := o.RequestBody != nil && o.RequestBody.Content["multipart/form-data"] != nil
			all = append(all, Operation{ID: o.OperationID, Method: o.Method, Path: path, Summary: o.Summary, Form: form})
		}
	}
	slices.SortFunc(all, func(a, b Operation) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

func streams(o *huma.Operation) bool {
	for _, r := range o.Responses {
		if r.Content["text/event-stream"] != nil {
			return true
		}
	}
	return false
}
