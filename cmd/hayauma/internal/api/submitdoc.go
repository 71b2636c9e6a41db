package api

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// registerSubmit adds one of the two routes that huma can't serve, because it would hold the audience in memory, and documents it.
func (s *server) registerSubmit(mux *http.ServeMux) {
	mux.HandleFunc("POST /v1/campaigns", s.submit)
	op := &huma.Operation{
		OperationID: "submit-campaign", Method: http.MethodPost, Path: "/v1/campaigns", Tags: []string{"campaigns"},
		Summary: "Submit a campaign with its audience",
		Description: "Two parts in this order: `campaign`, then `audience`. Answered with 202 once the campaign is durably accepted. " +
			"The same Idempotency-Key with the same content is the same campaign.",
		Parameters: []*huma.Param{{
			Name: "Idempotency-Key", In: "header", Required: true, Schema: text("Names this submission, up to 255 bytes."),
		}},
		RequestBody: s.form(),
		Responses:   s.answers("202", "Accepted, durably", reflect.TypeFor[Submitted](), 400, 401, 408, 409, 415, 422, 503, 507),
	}
	s.api.OpenAPI().AddOperation(op)
}

// registerExplain adds the other one.
func (s *server) registerExplain(mux *http.ServeMux) {
	mux.HandleFunc("POST /v1/campaigns/explain", s.explain)
	least, most := 0.0, float64(maxSample)
	s.api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "explain-campaign", Method: http.MethodPost, Path: "/v1/campaigns/explain", Tags: []string{"campaigns"},
		Summary: "Tell what a campaign would become, without one",
		Description: "The same parts as a submission. Every recipient is rendered and planned as the campaign would be; nothing is stored or sent. " +
			"LINE is asked for the quota, and to validate one message of each of up to 50 shapes.",
		Parameters: []*huma.Param{{
			Name: "sample", In: "query", Description: "Rendered messages to show.",
			Schema: &huma.Schema{Type: huma.TypeInteger, Minimum: &least, Maximum: &most, Default: 0},
		}},
		RequestBody: s.form(),
		Responses:   s.answers("200", "What it would become", reflect.TypeFor[Explanation](), 400, 401, 408, 415, 422, 429, 503, 507),
	})
}

func text(description string) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: description}
}

// form describes the parts of a submission.
func (s *server) form() *huma.RequestBody {
	form := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"campaign", "audience"},
		Properties: map[string]*huma.Schema{
			"campaign": s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[CampaignFile](), true, ""),
			"audience": text("CSV with a header that has user_id, or NDJSON objects likewise; other columns are variables. Content-Encoding of the part: gzip or none."),
		},
	}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {
		Schema: form,
		Encoding: map[string]*huma.Encoding{
			"campaign": {ContentType: "application/json"},
			"audience": {ContentType: "text/csv, application/x-ndjson"},
		},
	}}}
}

// answers describes the good answer and the refusals of an operation.
func (s *server) answers(good, description string, body reflect.Type, refusals ...int) map[string]*huma.Response {
	schemas := s.api.OpenAPI().Components.Schemas
	all := map[string]*huma.Response{good: {
		Description: description,
		Content:     map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(body, true, "")}},
	}}
	problem := schemas.Schema(reflect.TypeFor[huma.ErrorModel](), true, "")
	for _, status := range refusals {
		all[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: problem}},
		}
	}
	return all
}

// CampaignFile is the campaign part, for the OpenAPI document; parseDefinition reads it.
type CampaignFile struct {
	Name       string           `json:"name" maxLength:"200"`
	Channel    string           `json:"channel"`
	Messages   []map[string]any `json:"messages,omitempty" minItems:"1" maxItems:"5" doc:"LINE message objects; string values may hold Liquid placeholders. Either these, variants or steps."`
	Steps      []Step           `json:"steps,omitempty" minItems:"1" maxItems:"100" doc:"A sequence: a step begins when it is due and the one before it is over."`
	Variants   []VariantFile    `json:"variants,omitempty" minItems:"2" maxItems:"10" doc:"Instead of messages: each recipient gets one of them, by weight. Which follows from the campaign's id (of a campaign that recurs from its own, not its occurrences') and the user, and never changes."`
	Experiment string           `json:"experiment,omitempty" doc:"Adds the variants' results up, over all campaigns of the channel that name it: 1 to 63 of a-z, 0-9, _ and -. Only with variants."`
	Schedule   *Schedule        `json:"schedule,omitempty" doc:"Absent: now."`
	Priority   string           `json:"priority,omitempty" enum:"high,normal,low" doc:"None of a lower one start while calls of a higher one wait. Absent: normal."`
	Weight     int              `json:"weight,omitempty" minimum:"1" maximum:"100" doc:"Campaigns of one priority share the channel's limits in proportion. Absent: 10."`
	Topic      string           `json:"topic,omitempty" doc:"What it is about, named as a channel is: users who have opted out of this topic are left out."`
}

// Step is one of a sequence.
type Step struct {
	Messages []map[string]any `json:"messages" minItems:"1" maxItems:"5"`
	After    string           `json:"after,omitempty" example:"3d" doc:"How long after the beginning of the sequence: days such as 3d, or 12h; absent: none."`
	At       string           `json:"at,omitempty" example:"09:00" doc:"The time of day, by the schedule's zone, of the day that after (in whole days) leads to."`
}

// Schedule says when a campaign sends.
type Schedule struct {
	At          string `json:"at,omitempty" example:"2026-12-01T09:00:00+09:00" doc:"RFC 3339, at most 10 years ahead, or a local time where there is a zone; absent: now. A campaign that recurs begins then."`
	Zone        string `json:"zone,omitempty" example:"Asia/Tokyo" doc:"IANA name of the zone of local times, cron and hours; absent: UTC for cron and hours, and at and until need an offset."`
	Cron        string `json:"cron,omitempty" example:"0 9 * * mon-fri" doc:"The campaign recurs: minute, hour, day of the month (or L, the last), month, weekday. Each occurrence is a campaign of its own over the same audience."`
	Until       string `json:"until,omitempty" doc:"No occurrence is due later."`
	Overlap     string `json:"overlap,omitempty" enum:"skip,wait,allow" doc:"What becomes of an occurrence that is due while an earlier one sends: left out (the default), begun when that one is over, or both send."`
	Hours       string `json:"hours,omitempty" example:"mon-fri 09:00-21:00, sat 10:00-18:00" doc:"Provider calls start within these hours only."`
	After       string `json:"after,omitempty" doc:"The id of a campaign that is to be over first."`
	ExpireAfter string `json:"expire_after,omitempty" example:"2h" doc:"What is not sent this long after it was due is not sent any more; at most 366 days (8784h); absent: never."`
	LocalTime   bool   `json:"local_time,omitempty" doc:"at, cron and steps are by each recipient's clock, so at has no offset: the campaign is due when that time comes first anywhere (in UTC+14), and the recipients of a zone get it when it comes there. expire_after counts from then, too; a time that has passed is now."`
	ZoneColumn  string `json:"zone_column,omitempty" doc:"With local_time: the column of the audience that has the recipients' zones (IANA names). Who has none there has that of his settings, else the schedule's zone."`
}
