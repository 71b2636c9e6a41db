package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Every refusal names what is wrong and where, and leaves nothing behind.
func TestBadInput(t *testing.T) {
	d := newDesk(t, "")
	long := strings.Repeat("x", 5001)
	for _, tc := range []struct {
		name   string
		form   form
		status int
		want   []string
	}{
		{"no key", form{campaign: file(text), audience: rows}, 400, []string{"Idempotency-Key is missing"}},
		{"long key", form{key: strings.Repeat("k", 300), campaign: file(text), audience: rows}, 400, []string{"over 255 bytes"}},

		{"not JSON", form{campaign: "{\n  \"name\": \"n\",\n  name"}, 422, []string{"campaign is not valid JSON", "line 3"}},
		{"not an object", form{campaign: "[]"}, 422, []string{"campaign is not a JSON object"}},
		{"cut off", form{campaign: `{"name":"n"`}, 422, []string{"ends too early"}},
		{"more behind", form{campaign: file(text) + "{}"}, 422, []string{"something after"}},
		{"unknown member", form{campaign: `{"title":"n"}`}, 422, []string{`unknown member \"title\"`, "known are name, channel, messages, steps, variants, experiment, schedule"}},
		{"other case", form{campaign: `{"Name":"n"}`}, 422, []string{`unknown member \"Name\"`}},
		{"twice", form{campaign: `{"name":"n","name":"m"}`}, 422, []string{`\"name\" twice`}},
		{"no name", form{campaign: `{"channel":"shop","messages":` + text + `}`}, 422, []string{"name is missing"}},
		{"name of a wrong type", form{campaign: `{"name":1,"channel":"shop","messages":` + text + `}`}, 422, []string{"name is not a string"}},
		{"no messages", form{campaign: `{"name":"n","channel":"shop"}`}, 422, []string{"messages is missing"}},
		{"unknown member of schedule", form{campaign: `{"name":"n","channel":"shop","messages":` + text + `,"schedule":{"every":"hour"}}`}, 422, []string{`schedule has an unknown member \"every\"`}},
		{"bad time", form{campaign: `{"name":"n","channel":"shop","messages":` + text + `,"schedule":{"at":"tomorrow"}}`}, 422, []string{`schedule.at \"tomorrow\"`, "RFC 3339"}},
		{"bad duration", form{campaign: `{"name":"n","channel":"shop","messages":` + text + `,"schedule":{"expire_after":"1 day"}}`}, 422, []string{`schedule.expire_after \"1 day\"`}},
		{"number as a duration", form{campaign: `{"name":"n","channel":"shop","messages":` + text + `,"schedule":{"expire_after":60}}`}, 422, []string{`write \"60s\" for 60 seconds`}},
		{"not UTF-8", form{campaign: "{\"name\":\"\xff\"}"}, 422, []string{"not UTF-8"}},
		{"unknown channel", form{campaign: strings.Replace(file(text), "shop", "nope", 1)}, 422, []string{`unknown channel \"nope\"`, "hayauma channel add nope"}},
		{"impossible channel", form{campaign: strings.Replace(file(text), "shop", "No Pe", 1)}, 422, []string{`unknown channel \"No Pe\"`}},

		{"template error", form{campaign: file(`[{"type":"text","text":"a\nb {{ name | nope }}"}]`)}, 422, []string{"messages[0].text", "line 2", "filter nope is not supported: there are abs, "}},
		{"unclosed", form{campaign: file(`[{"type":"text","text":"hi {{ name"}]`)}, 422, []string{"messages[0].text"}},
		{"loop", form{campaign: file(`[{"type":"text","text":"{% for i in (1..9) %}x{% endfor %}"}]`)}, 422, []string{"messages[0].text", "for"}},
		{"six messages", form{campaign: file("[" + strings.Repeat(`{"type":"text","text":"x"},`, 5) + `{"type":"text","text":"x"}]`)}, 422, []string{"messages: has 6 elements, at most 5"}},
		{"no message", form{campaign: file("[]")}, 422, []string{"messages", "at least 1"}},
		{"unknown type", form{campaign: file(`[{"type":"telegram","text":"x"}]`)}, 422, []string{`unknown type \"telegram\"`, "messages[0].type", "known are audio, ", "text, "}},
		{"no text", form{campaign: file(`[{"type":"text"}]`)}, 422, []string{"messages[0].text: is required"}},
		{"long text", form{campaign: file(`[{"type":"text","text":"` + long + `"}]`)}, 422, []string{"5001 UTF-16", "messages[0].text"}},
		{"long text around a placeholder", form{campaign: file(`[{"type":"text","text":"{{ name }}` + long + `"}]`)}, 422, []string{"5001 UTF-16"}},
		{"long in UTF-16", form{campaign: file(`[{"type":"text","text":"` + strings.Repeat("😀", 2501) + `"}]`)}, 422, []string{"5002 UTF-16"}},

		{"empty audience", form{audience: ""}, 422, []string{"audience"}},
		{"header only", form{audience: "user_id,name\n"}, 422, []string{"empty"}},
		{"no user_id", form{audience: "id,name\nx,y\n"}, 422, []string{"user_id"}},
		{"missing variable", form{audience: "user_id\n" + userA + "\n"}, 422, []string{"audience line 1", `column \"name\"`}},
		{"missing in one row", form{kind: "application/x-ndjson", audience: `{"user_id":"` + userA + `","name":"x"}` + "\n" + `{"user_id":"` + userB + `"}`}, 422, []string{"audience line 2", `column \"name\"`}},
		{"malformed ids", form{audience: "user_id,name\nU123,x\n" + userA + ",y\nV0000000000000000000000000000000a,z\n"}, 422, []string{"audience line 2", "audience line 4", "32 hex digits"}},
		{"not UTF-8 audience", form{audience: "user_id,name\n" + userA + ",\xff\xfe\n"}, 422, []string{"audience line 2", "UTF-8"}},
		{"ragged row", form{audience: "user_id,name\n" + userA + "\n"}, 422, []string{"audience line 2"}},
		{"truncated gzip", form{audience: gzipped(rows)[:30], encoding: "gzip"}, 422, []string{"gzip data ends too early"}},
		{"not gzip", form{audience: rows, encoding: "gzip"}, 422, []string{"not valid gzip"}},
		{"gzip bomb", form{audience: gzipped("user_id,name\n" + userA + "," + strings.Repeat("x", 30<<20)), encoding: "gzip"}, 422, []string{"audience"}},
		{"gzip bomb of short rows", form{audience: gzipped("user_id,name\n" + strings.Repeat(userA+",x\n", 500_000)), encoding: "gzip"}, 422, []string{"decompresses to more than"}},
		{"other type", form{kind: "application/json", audience: "[]"}, 415, []string{"text/csv or application/x-ndjson"}},
		{"other encoding", form{encoding: "br", audience: "x"}, 415, []string{"only gzip"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := &desk{T: t, store: d.store, url: d.url}
			if tc.form.key == "" && tc.name != "no key" {
				tc.form.key = tc.name
			}
			if tc.form.campaign == "" {
				tc.form.campaign = file(text)
			}
			d.want(tc.status, d.submit(tc.form), tc.want...)
			d.nothingStored()
		})
	}
	d.want(200, d.do("GET", "/v1/campaigns", ""), `"campaigns":[]`)
}

func TestBadForms(t *testing.T) {
	d := newDesk(t, "")
	for name, tc := range map[string]struct {
		kind, body, want string
	}{
		"no form":        {"application/json", "{}", "not multipart/form-data"},
		"empty":          {"multipart/form-data; boundary=b", "--b--\r\n", "ends too early"},
		"audience first": {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"audience\"\r\n\r\nx\r\n--b--\r\n", "must be campaign"},
		"no audience":    {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"campaign\"\r\n\r\n" + file(text) + "\r\n--b--\r\n", "ends too early"},
	} {
		t.Run(name, func(t *testing.T) {
			d := &desk{T: t, store: d.store, url: d.url}
			d.want(http.StatusBadRequest, d.post(t.Context(), "k", tc.kind, strings.NewReader(tc.body)), tc.want)
		})
	}
}

func TestManyBadLinesAreBounded(t *testing.T) {
	d := newDesk(t, "")
	a := d.submit(form{key: "k", campaign: file(text), audience: "user_id,name\n" + strings.Repeat("nobody,x\n", 10_000)})
	d.want(422, a, "these are the first 20", "audience line 21")
	if strings.Contains(a.body, "audience line 22") || len(a.body) > 10_000 {
		t.Errorf("the answer has %d bytes", len(a.body))
	}
}

// What a leaf may become is not what it looks like.
func TestPlaceholdersAreNotCounted(t *testing.T) {
	d := newDesk(t, "")
	padded := "{{ name }}" + strings.Repeat("{{ name | default: \"a long default\" }}", 150) // over 5,000 as written
	for i, messages := range []string{
		`[{"type":"text","text":` + quote(padded) + `}]`,
		`[{"type":"text","text":"{% if name == 'x' %}` + strings.Repeat("a", 4000) + `{% else %}` + strings.Repeat("b", 4000) + `{% endif %}"}]`,
		`[{"type":"text","text":"{{ name }}"}]`,
	} {
		d.want(http.StatusAccepted, d.submit(form{key: fmt.Sprint(i), campaign: file(messages), audience: rows}))
	}
}

func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }
