package template_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"hayauma.example/actors/template"
)

// FuzzRender puts any template text into a leaf and any values into its columns: the output is valid JSON and the same tree but
// for that leaf, whatever the values.
func FuzzRender(f *testing.F) {
	f.Add("Hi {{ name }}", "A\"\n", "\xff")
	f.Add(`{% if name == "x" %}{{ b | upcase }}{% else %}{{ now | date: b }}{% endif %}`, "x", "%Y")
	f.Add(`{% assign a = name | split: b | join: name %}{{ a | json }}`, "a,b", ",")
	f.Add(`{{ name | slice: b, 9 | date: name }}`, "now", "-1")
	f.Add(`{% raw %}{{{% endraw %}{% comment %}{% for %}{% endcomment %}{{- b -}}`, `"},{"type":"x`, "{{ name }}")
	f.Fuzz(func(t *testing.T, leaf, name, b string) {
		start := time.Now()
		defer func() {
			if d := time.Since(start); d > time.Second {
				t.Fatalf("took %v", d)
			}
		}()
		tree := []any{map[string]any{"type": "text", "text": leaf, "n": 1.5, "list": []any{true, nil, "same"}}}
		source, err := json.Marshal(tree)
		if err != nil {
			t.Skip()
		}
		tmpl, err := template.Parse(source, template.Options{})
		if err != nil {
			return
		}
		bound, err := tmpl.Bind([]string{"name", "b"}, due)
		if err != nil {
			return
		}
		out, err := bound.Render(nil, []string{name, b})
		if err != nil {
			return
		}
		again, err := bound.Render(nil, []string{name, b})
		if err != nil || !bytes.Equal(out, again) {
			t.Fatalf("two renderings differ: %q, %q, %v", out, again, err)
		}
		checkTree(t, out)
	})
}

func checkTree(t *testing.T, out []byte) {
	t.Helper()
	if !json.Valid(out) || !utf8.Valid(out) {
		t.Fatalf("not valid JSON in UTF-8: %q", out)
	}
	var got []map[string]any
	if err := json.Unmarshal(out, &got); err != nil || len(got) != 1 {
		t.Fatalf("%q: %v", out, err)
	}
	if _, ok := got[0]["text"].(string); !ok {
		t.Fatalf("the leaf is no string: %q", out)
	}
	delete(got[0], "text")
	if want := (map[string]any{"type": "text", "n": 1.5, "list": []any{true, nil, "same"}}); !reflect.DeepEqual(got[0], want) {
		t.Fatalf("the rest of the tree changed: %q", out)
	}
}

// FuzzParse reads any bytes: no panic, and what is accepted without placeholders comes back as the same JSON value.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`[{"type":"text","text":"{{ a }}"}]`))
	f.Add([]byte(`[1e5,-0,"\ud800\u0000",[[]],{"":{}}]`))
	f.Fuzz(func(t *testing.T, messages []byte) {
		tmpl, err := template.Parse(messages, template.Options{})
		if err != nil || !tmpl.Static() {
			return
		}
		out, err := tmpl.Render(nil, template.Vars{}, due)
		if err == nil && !json.Valid(out) {
			t.Fatalf("%q became %q", messages, out)
		}
	})
}
