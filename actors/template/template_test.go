package template_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hayauma.example/actors/template"
)

var due = time.Date(2026, 3, 9, 18, 30, 0, 0, time.FixedZone("JST", 9*3600))

func parse(t testing.TB, messages string) *template.Template {
	t.Helper()
	tmpl, err := template.Parse(json.RawMessage(messages), template.Options{})
	if err != nil {
		t.Fatalf("Parse(%.200s): %v", messages, err)
	}
	return tmpl
}

func text(leaf string) string {
	b, _ := json.Marshal([]map[string]string{{"text": leaf}})
	return string(b)
}

func TestRenderFillsLeaves(t *testing.T) {
	vars := template.Vars{Columns: []string{"name", "n", "empty_one"}, Values: []string{"\"A\"\n\\B\u2028<&>\x01", "3", ""}}
	for _, c := range []struct{ name, in, want string }{
		{"plain", `[ {"type":"text", "text":"Hi {{ name }}!"} ]`, `[{"type":"text","text":"Hi \"A\"\n\\B` + "\u2028" + `<&>\u0001!"}]`},
		{"order, numbers and keys stay", `[{"z":1.50,"a":[true,null,-0e1],"{{ name }}":"x"}]`, `[{"z":1.50,"a":[true,null,-0e1],"{{ name }}":"x"}]`},
		{"no spaces", text("{{n}}{{n}}"), `[{"text":"33"}]`},
		{"value is not a template", text("{{ n }}}}"), `[{"text":"3}}"}]`},
		{"if", text(`{% if n == "3" %}three{% else %}other{% endif %}`), `[{"text":"three"}]`},
		{"case", text(`{% case n %}{% when "1" %}a{% when "3", "4" %}b{% endcase %}`), `[{"text":"b"}]`},
		{"assign and filters", text(`{% assign x = n | times: 2 | plus: 1 %}{{ x }}`), `[{"text":"7"}]`},
		{"default of an empty value", text(`{{ empty_one | default: "friend" }}`), `[{"text":"friend"}]`},
		{"default of a missing column", text(`{{ missing | default: "friend" }}`), `[{"text":"friend"}]`},
		{"empty", text(`{% if empty_one == empty %}none{% endif %}`), `[{"text":"none"}]`},
		{"raw", text(`{% raw %}{{ name }}{% endraw %}`), `[{"text":"{{ name }}"}]`},
		{"comment", text(`a{% comment %}{{ gone }}{% for %}{% endcomment %}b`), `[{"text":"ab"}]`},
		{"literal delimiter", text(`{{ "{{" }}{{ '{%' }}`), `[{"text":"{{{%"}]`},
		{"trim", text(`a {{- n -}} b`), `[{"text":"a3b"}]`},
		{"now is the due time", text(`{{ now | date: "%Y-%m-%d %H:%M %z" }}`), `[{"text":"2026-03-09 18:30 +0900"}]`},
		{"today in a string", text(`{{ "today" | date: "%d" }}{{ "now" | date: "%d" }}`), `[{"text":"0909"}]`},
		{"date of a value", text(`{{ "2026-01-02" | date: "%d.%m. %z" }}`), `[{"text":"02.01. +0900"}]`},
		{"slice past the end", text(`{{ n | slice: 0, 9223372036854775807 }}`), `[{"text":"3"}]`},
		{"split and join", text(`{{ "a,b" | split: "," | join: "-" }}`), `[{"text":"a-b"}]`},
		{"escaping after a filter", text(`{{ n | append: '"' }}`), `[{"text":"3\""}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parse(t, c.in).Render([]byte("pre"), vars, due)
			if err != nil || string(got) != "pre"+c.want {
				t.Errorf("got  %s, %v\nwant pre%s", got, err, c.want)
			}
		})
	}
}

func TestParseRefusesWithPosition(t *testing.T) {
	for _, c := range []struct {
		in, path, problem string
		line, column      int
	}{
		{`{"a":1}`, "messages", "JSON array", 0, 0},
		{``, "messages", "JSON array", 0, 0},
		{`[{"a":1}`, "messages", "not valid JSON", 0, 0},
		{`[1] x`, "messages", "follows the array", 0, 0},
		{`[{"a":1,"a":2}]`, "messages[0]", "given twice", 0, 0},
		{"[\"\xff\"]", "messages", "UTF-8", 0, 0},
		{strings.Repeat("[", 80) + strings.Repeat("]", 80), "messages" + strings.Repeat("[0]", 65), "nested", 0, 0},
		{text("one\nあ{{ name"), "messages[0].text", "not closed", 2, 2},
		{text("one {% if"), "messages[0].text", "not closed", 1, 5},
		{text("{{ a\nb }}"), "messages[0].text", "not closed", 1, 1},
		{text("{% ★ %}"), "messages[0].text", "a tag needs a name", 1, 1},
		{text("{% if-x %}"), "messages[0].text", "a tag needs a name", 1, 1},
		{text("{% if x%%}{% endif %}"), "messages[0].text", "a tag needs a name", 1, 1},
		{text("{{ a }}" + strings.Repeat("x", 70_000)), "messages[0].text", "larger than", 0, 0},
		{text("{{ }}"), "messages[0].text", "empty", 1, 1},
		{`[{"x":[0,{"y":"ab{{ n | nope }}"}]}]`, "messages[0].x[1].y", "filter nope", 1, 3},
		{text("{{ a b }}"), "messages[0].text", "syntax error", 1, 1},
		{text("{{ '\u3000 }}"), "messages[0].text", "quote", 1, 1},
		{text("{{ ★ }}"), "messages[0].text", "syntax error", 1, 1},
		{text("{{ 99999999999999999999 }}"), "messages[0].text", "syntax error", 1, 1},
		{text("{{ (1..9999999999) }}"), "messages[0].text", "range", 1, 1},
		{text("{{ %loop x in y }}"), "messages[0].text", "not allowed", 1, 1},
		{text("{% if a %}x"), "messages[0].text", "unterminated", 1, 0},
		{text("{% endif %}"), "messages[0].text", "not inside", 1, 0},
		{text("{% assign now = 1 %}"), "messages[0].text", "cannot be assigned", 1, 1},
		{text("{{ a" + strings.Repeat(" | strip", 300) + " }}"), "messages[0].text", "more than 200", 1, 1},
		{text(strings.Repeat("{% if a %}", 30)), "messages[0].text", "nested", 1, 201},
	} {
		_, err := template.Parse(json.RawMessage(c.in), template.Options{})
		var e *template.Error
		if !errors.As(err, &e) || e.Path != c.path || e.Line != c.line || e.Column != c.column || !strings.Contains(e.Problem, c.problem) {
			t.Errorf("Parse(%.60s) = %+v\nwant %s %d:%d …%s…", c.in, err, c.path, c.line, c.column, c.problem)
		}
	}
}

func TestParseRefusesTags(t *testing.T) {
	for _, tag := range []string{
		"include 'a'", "render 'a'", "for x in y", "tablerow x in y", "cycle 'a','b'", "increment a", "decrement a", "layout 'x'",
		"capture x", "break", "continue", "echo a", "liquid", "section 'x'", "block 'x'",
	} {
		_, err := template.Parse(json.RawMessage(text("x{% "+tag+" %}")), template.Options{})
		var e *template.Error
		if !errors.As(err, &e) || e.Column != 2 || !strings.Contains(e.Problem, "not supported") {
			t.Errorf("%s: %v", tag, err)
		}
	}
}

func TestVariables(t *testing.T) {
	for _, c := range []struct{ leaf, needs, optional string }{
		{"no placeholder", "", ""},
		{"{{ b }}{{ a }}{{ b }}", "b a", ""},
		{`{{ a | default: "x" }}`, "", "a"},
		{`{{ a | default: b }}{{ c | upcase | default: "x" }}`, "b c", "a"},
		{`{{ a | default: "x" }}{% if a %}{% endif %}`, "a", ""},
		{`{% assign x = a %}{{ x }}{{ x.size }}`, "a", ""},
		{`{{ x }}{% assign x = a %}`, "x a", ""},
		{`{{ now | date: f }}{{ today }}`, "f", ""},
		{`{% if a and b contains "c" or d != nil %}{{ "e" }}{% endif %}`, "a b d", ""},
		{`{{ a | default: "x", allow_false: true }}`, "", "a"},
		{`{% raw %}{{ a }}{% endraw %}{% comment %}{{ b }}{% endcomment %}`, "", ""},
		{`{{ 名前 }}`, "名前", ""},
	} {
		tmpl := parse(t, text(c.leaf))
		needs, optional := strings.Join(tmpl.Variables(), " "), strings.Join(tmpl.Optional(), " ")
		if needs != c.needs || optional != c.optional || tmpl.Static() != (c.needs+c.optional == "") {
			t.Errorf("%s: needs %q, optional %q, static %v", c.leaf, needs, optional, tmpl.Static())
		}
	}
}

func TestBindNamesMissingColumns(t *testing.T) {
	_, err := parse(t, text("{{ a }}{{ b }}{{ c }}")).Bind([]string{"b"}, due)
	var missing *template.MissingError
	if !errors.As(err, &missing) || !slices.Equal(missing.Names, []string{"a", "c"}) {
		t.Fatalf("got %v", err)
	}
}

func TestRenderIsBounded(t *testing.T) {
	for name, leaf := range map[string]string{
		"doubling":     `{% assign a = v %}` + strings.Repeat(`{% assign a = a | append: a %}`, 60) + `{{ a }}`,
		"escaping":     `{{ v` + strings.Repeat(" | json", 60) + ` }}`,
		"replacing":    `{% assign a = v | replace: "x", v %}` + strings.Repeat(`{% assign a = a | replace: "x", a %}`, 20),
		"joining":      `{{ v | split: "" | join: v | split: "" | join: v }}`,
		"wide dates":   `{{ now | date: "%1000000Y" }}`,
		"long output":  "{% if v %}" + strings.Repeat("{{ v }}", 5000) + "{% endif %}",
		"plain output": strings.Repeat("{{ v }}", 5000),
	} {
		value := strings.Repeat("x", 1000)
		_, err := parse(t, text(leaf)).Render(nil, template.Vars{Columns: []string{"v"}, Values: []string{value}}, due)
		var e *template.Error
		if !errors.As(err, &e) || strings.Contains(err.Error(), "xxx") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRenderErrorHidesValues(t *testing.T) {
	secret := "secret-value"
	for _, leaf := range []string{`{{ v | date: "%Y" }}`, `{{ v | divided_by: 0 }}`, `{{ v | round: v }}`, `{{ v | abs }}`, `{{ v | upcase: 1, 2, 3, 4 }}`} {
		dst, err := parse(t, text(leaf)).Render([]byte("x"), template.Vars{Columns: []string{"v"}, Values: []string{secret}}, due)
		if err == nil || strings.Contains(err.Error(), secret) || string(dst) != "x" {
			t.Errorf("%s: %q, %v", leaf, dst, err)
		}
	}
}

// TestParseRefusesBeforeScanning feeds long lines of what Liquid's scanner would look for the end of again and again, for minutes.
func TestParseRefusesBeforeScanning(t *testing.T) {
	for _, unit := range []string{
		"{{", "{% a ", "{{ 'x", "{% raw %}{{", "{% ★ {{ %}{% if a %}", "{%%}{{", "{% if a %}{{", "{{ '}} ", "{% if '%}{{ ", "{% raw %}{{{% endraw %}",
	} {
		_, err := template.Parse(json.RawMessage(text(strings.Repeat(unit, 60_000/len(unit)))), template.Options{})
		var e *template.Error
		if !errors.As(err, &e) || e.Line != 1 || e.Column == 0 {
			t.Errorf("%q: %v", unit, err)
		}
	}
}

func TestDelimiters(t *testing.T) {
	opts := template.Options{Delimiters: [4]string{"<<", ">>", "<%", "%>"}}
	tmpl, err := template.Parse(json.RawMessage(text(`{{ x }} << name >> <% if name %>!<% endif %>`)), opts)
	if err != nil {
		t.Fatal(err)
	}
	got, err := tmpl.Render(nil, template.Vars{Columns: []string{"name"}, Values: []string{"A"}}, due)
	if err != nil || string(got) != `[{"text":"{{ x }} A !"}]` {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range [][4]string{{"{"}, {"[["}, {"%}"}, {"\\{"}} {
		if _, err := template.Parse(json.RawMessage(`[]`), template.Options{Delimiters: bad}); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
