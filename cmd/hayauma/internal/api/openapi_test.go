package api_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// The document is valid by a reader that is not the library that wrote it.
func TestOpenAPIIsValid(t *testing.T) {
	d := newDesk(t, "")
	doc, err := openapi3.NewLoader().LoadFromData([]byte(d.do("GET", "/openapi.json", "").body))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	post := doc.Paths.Value("/v1/campaigns").Post
	if post == nil || post.RequestBody.Value.Content.Get("multipart/form-data") == nil || post.Responses.Value("202") == nil {
		t.Errorf("the submission is described as %+v", post)
	}
	for _, path := range []string{"/v1/cluster", "/v1/cluster/drain"} {
		if doc.Paths.Value(path) == nil {
			t.Errorf("%s is missing", path)
		}
	}
	if free := doc.Paths.Value("/healthz").Get.Security; free == nil || len((*free)[0]) != 0 {
		t.Errorf("/healthz asks for %v", free)
	}
}
