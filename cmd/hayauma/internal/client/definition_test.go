package client_test

import (
	"strings"
	"testing"

	"hayauma.example/cmd/hayauma/internal/client"
)

func TestDefinition(t *testing.T) {
	for _, tc := range []struct{ name, file, want string }{
		{"JSON as it is", " {\"b\": 1.0,  \"a\": [1e5, \"\\u00e9<&>\"]}\n", "{\"b\": 1.0,  \"a\": [1e5, \"\\u00e9<&>\"]}"},
		{"numbers keep their digits", "a: 1.50\nb: 12345678901234567890\nc: 1e3\nd: -0.0", `{"a":1.50,"b":12345678901234567890,"c":1e3,"d":-0.0}`},
		{"numbers that JSON can't write", "a: 0x1F\nb: +7\nc: .5", `{"a":31,"b":7,"c":0.5}`},
		{"strings", "a: '1'\nb: \"<b>&\"\nc: 早馬\nd: |\n  two\n  lines\n", `{"a":"1","b":"<b>&","c":"早馬","d":"two\nlines\n"}`},
		{"times stay text", "at: 2030-01-02T03:04:05+09:00\nday: 2030-01-02", `{"at":"2030-01-02T03:04:05+09:00","day":"2030-01-02"}`},
		{"yes is a word, true is not", "a: yes\nb: true\nc: null\nd:", `{"a":"yes","b":true,"c":null,"d":null}`},
		{"nested", "messages:\n- type: text\n  text: hi {{ name }}\n- {type: sticker, packageId: \"1\"}\n",
			`{"messages":[{"type":"text","text":"hi {{ name }}"},{"type":"sticker","packageId":"1"}]}`},
		{"aliases", "a: &x {k: 1}\nb: *x", `{"a":{"k":1},"b":{"k":1}}`},
		{"empty containers", "a: []\nb: {}", `{"a":[],"b":{}}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := client.Definition([]byte(tc.file))
			if err != nil || string(got) != tc.want {
				t.Errorf("got %s, %v\nwant %s", got, err, tc.want)
			}
		})
	}
}

func TestDefinitionRefusals(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a: &a [x,x,x,x,x,x,x,x,x,x]\n")
	for c := 'b'; c <= 'j'; c++ {
		p := string(c - 1)
		bomb.WriteString(string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+p+",", 9) + "*" + p + "]\n")
	}
	for _, tc := range []struct{ name, file, want string }{
		{"empty", "", "empty file"},
		{"not YAML", "a: [", "not valid YAML"},
		{"twice", "a: 1\nb: 2\na: 3", `line 3, column 1: the key "a" stands twice`},
		{"merge", "a: &x {k: 1}\nb:\n  <<: *x", "line 3, column 3: merge keys"},
		{"infinite", "a: .inf", "line 1, column 4: .inf is no number"},
		{"binary", "a: !!binary aGk=", "!!binary are not supported"},
		{"complex key", "? [a]\n: b", "a key must be a plain word"},
		{"bomb", bomb.String(), "nested too deep or too large"},
		{"deep", strings.Repeat("- ", 200) + "x", "nested too deep"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := client.Definition([]byte(tc.file))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func FuzzDefinition(f *testing.F) {
	f.Add([]byte("a: &x [1]\nb: *x"))
	f.Add([]byte(`{"a":1}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := client.Definition(file)
		if err != nil {
			return
		}
		again, err := client.Definition(got)
		if err != nil || string(again) != string(got) {
			t.Errorf("%q becomes %q, which becomes %q, %v", file, got, again, err)
		}
	})
}
