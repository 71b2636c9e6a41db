package api

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// registerSubmit adds the one route that huma can't serve, because it would hold the audience in memory, and documents it.
func (s *server) registerSubmit(mux *http.ServeMux) {
	mux.HandleFunc("POST /v1/campaigns", s.submit)
	schemas := s.api.OpenAPI().Components.Schemas
	text := func(description string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Description: description}
	}
	form := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"campaign", "audience"},
		Properties: map[string]*huma.Schema{
			"campaign": schemas.Schema(reflect.TypeFor[CampaignFile](), true, ""),
			"audience": text("CSV with a header that has user_id, or NDJSON objects likewise; other columns are variables. Content-Encoding of the part: gzip or none."),
		},
	}
	op := &huma.Operation{
		OperationID: "submit-campaign", Method: http.MethodPost, Path: "/v1/campaigns", Tags: []string{"campaigns"},
		Summary: "Submit a campaign with its audience",
		Description: "Two parts in this order: `campaign`, then `audience`. Answered with 202 once the campaign is durably accepted. " +
			"The same Idempotency-Key with the same content is the same campaign.",
		Parameters: []*huma.Param{{
			Name: "Idempotency-Key", In: "header", Required: true, Schema: text("Names this submission, up to 255 bytes."),
		}},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {
			Schema: form,
			Encoding: map[string]*huma.Encoding{
				"campaign": {ContentType: "application/json"},
				"audience": {ContentType: "text/csv, application/x-ndjson"},
			},
		}}},
		Responses: map[string]*huma.Response{"202": {
			Description: "Accepted, durably",
			Content:     map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(reflect.TypeFor[Submitted](), true, "")}},
		}},
	}
	problem := schemas.Schema(reflect.TypeFor[huma.ErrorModel](), true, "")
	for _, status := range []int{400, 401, 408, 409, 415, 422, 503, 507} {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: problem}},
		}
	}
	s.api.OpenAPI().AddOperation(op)
}

// CampaignFile is the campaign part, for the OpenAPI document; parseDefinition reads it.
type CampaignFile struct {
	Name     string           `json:"name" maxLength:"200"`
	Channel  string           `json:"channel"`
	Messages []map[string]any `json:"messages" minItems:"1" maxItems:"5" doc:"LINE message objects; string values may hold Liquid placeholders."`
	Schedule *Schedule        `json:"schedule,omitempty" doc:"Absent: now."`
}

// Schedule says when a campaign starts.
type Schedule struct {
	At          string `json:"at,omitempty" format:"date-time" doc:"RFC 3339, at most 10 years ahead; absent: now."`
	ExpireAfter string `json:"expire_after,omitempty" example:"2h" doc:"What is not sent this long after at is not sent any more; at most 366 days (8784h); absent: never."`
}
