package api

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// registerImport adds the route that huma can't serve, because it would hold the file in memory, and documents it.
func (s *server) registerImport(mux *http.ServeMux) {
	mux.HandleFunc("POST "+settingsRoute, s.importSettings)
	schemas := s.api.OpenAPI().Components.Schemas
	text := func(description string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, Description: description}
	}
	file := &huma.MediaType{Schema: text("CSV with a header that has user_id and any of opt_out (true or false), topics (joined by |), time_zone and " +
		"quiet_hours, or NDJSON objects likewise.")}
	op := &huma.Operation{
		OperationID: "import-recipient-settings", Method: http.MethodPost, Path: settingsRoute, Tags: []string{"recipients"},
		Summary: "Import settings of users",
		Description: "The whole file is checked first; one bad line refuses it, and nothing is changed. An empty value is the default, and what a row doesn't " +
			"have stays as it is. Of rows with the same user_id the last rules. Answered when all rows are durably in force; a file that was broken off is sent again.",
		Parameters: []*huma.Param{
			{Name: "name", In: "path", Required: true, Schema: text("The channel.")},
			{Name: "Content-Encoding", In: "header", Schema: text("gzip or none.")},
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"text/csv": file, "application/x-ndjson": file}},
		Responses: map[string]*huma.Response{"200": {
			Description: "All rows are in force",
			Content:     map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(reflect.TypeFor[Imported](), true, "")}},
		}},
	}
	problem := schemas.Schema(reflect.TypeFor[huma.ErrorModel](), true, "")
	for _, status := range []int{400, 401, 404, 408, 415, 422, 503, 507} {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: problem}},
		}
	}
	s.api.OpenAPI().AddOperation(op)
}
